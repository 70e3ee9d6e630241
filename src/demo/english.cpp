#include "base/text.hpp"
#include "demo/vocabulary.hpp"

namespace steno::demo {

namespace {

constexpr std::string_view kNouns =
    "time order customer system report team account product service request project invoice contract "
    "user change question problem process result price date document case page message plan test "
    "payment model market version update error file server record list number address answer option "
    "delivery policy feature release group market budget review ticket table query index cluster network "
    "address cost schedule task meeting manager supplier department region quarter quality design "
    "interface component library function parameter value field column row key token session cache queue "
    "thread worker job pipeline deployment container image backup snapshot log metric alert dashboard "
    "threshold incident cause effect risk measure control audit rule clause agreement party term section "
    "paragraph appendix signature notice deadline penalty liability warranty claim refund discount coupon "
    "voucher receipt subscription renewal cancellation upgrade license seat tenant workspace folder archive "
    "attachment draft template language translation summary outline chapter article headline caption "
    "campaign audience segment channel banner keyword conversion visitor click survey interview respondent "
    "opinion preference behaviour habit trend forecast estimate average median sample experiment variant "
    "finding conclusion recommendation decision proposal objective milestone dependency blocker "
    "scope requirement story sprint backlog branch commit conflict merge pull build binary package module "
    "class method variable constant argument exception warning timeout retry latency throughput bandwidth "
    "load capacity memory disk storage bucket region zone gateway proxy firewall certificate password "
    "credential permission role identity secret policy vulnerability patch exploit attacker breach "
    "disclosure consent purpose controller processor retention deletion export subject regulation "
    "authority fine court judge lawyer plaintiff defendant evidence testimony verdict appeal settlement "
    "patient doctor nurse clinic treatment symptom dose tablet allergy prescription therapy "
    "insurance premium coverage accident damage vehicle engine battery brake tyre wheel road bridge tunnel "
    "station platform train carriage passenger flight airport runway hotel room booking guest "
    "reception kitchen recipe ingredient onion tomato lentil pepper lemon garlic oven pan bowl "
    "garden tree river mountain valley forest field farm harvest storm temperature season winter "
    "summer morning evening week month year decade century history museum painting concert orchestra "
    "novel author publisher edition reader library school teacher pupil lesson exam grade university "
    "lecture professor research grant laboratory instrument sensor signal frequency voltage current "
    "circuit chip factory machine robot conveyor pallet warehouse inventory shipment parcel "
    "carrier truck driver route distance fuel customs tariff border port harbour ship crew cargo "
    "bank loan interest mortgage deposit balance transaction transfer currency exchange fund share bond "
    "investor dividend profit loss revenue margin turnover asset debt tax declaration authority pension "
    "employee employer salary bonus holiday leave shift roster candidate applicant interview reference "
    "skill training course mentor colleague office desk chair window door corridor lift stair roof wall "
    "floor basement heating boiler pipe valve pump filter leak repair plumber electrician cable socket "
    "switch lamp camera lens photo album frame shutter tripod microphone speaker headphone keyboard screen "
    "mouse printer scanner cartridge paper envelope stamp letter parcel courier doorstep neighbour street "
    "corner square park bench fountain statue theatre cinema ticket stage actor director scene script "
    "season episode player coach match goal penalty referee stadium league champion medal record race "
    "runner cyclist helmet saddle pedal chain brake lock jacket sleeve collar button zip pocket fabric "
    "cotton wool leather shoe boot lace sole size colour pattern stripe ribbon gift card candle cake "
    "assumption boundary consequence constraint definition discrepancy distinction exception "
    "explanation implication indicator limitation mechanism observation perspective principle priority "
    "procedure property proportion provision reason relation requirement resource response restriction "
    "scenario sequence significance similarity situation solution source specification standard strategy "
    "structure technique tendency theory tradition transition validation variation workflow";

constexpr std::string_view kVerbs =
    "use need show check create update return receive change report explain include request cover "
    "require contain support allow offer provide follow move open close start finish handle "
    "process review confirm approve reject answer describe compare measure record store load save delete "
    "remove replace rename copy paste upload download export import convert translate summarise extract "
    "validate test deploy release publish archive restore schedule cancel delay postpone extend "
    "renew charge credit order deliver return exchange repair install connect disconnect configure "
    "enable disable monitor track trace count estimate calculate predict improve reduce increase raise "
    "lower limit exceed reach cross pass fail miss ignore accept decline propose suggest recommend discuss "
    "mention note highlight clarify question challenge prove assume consider expect prefer decide "
    "assign delegate share protect expose reveal mask encrypt audit inspect examine analyse classify "
    "label group sort filter search match merge join divide balance distribute allocate reserve "
    "consume produce generate render paint print sign seal open lock unlock clean wash cook bake "
    "boil heat cool mix pour serve taste travel visit walk climb cross board park turn signal "
    "announce advertise promote launch target attract engage convince persuade remind warn notify alert "
    "escalate resolve investigate reproduce isolate document refactor simplify optimise parse "
    "compile execute invoke call expose cache index partition replicate synchronise migrate rotate";

constexpr std::string_view kAdjectives =
    "new other last current open next important different large small local possible available clear "
    "general early late high low long short recent common main major minor strong weak simple complex "
    "correct wrong exact rough final first second third whole partial direct indirect internal external "
    "public private personal confidential annual monthly weekly daily quarterly average total net gross "
    "free paid overdue pending active inactive valid invalid missing broken damaged empty full heavy light "
    "fast slow stable unstable reliable fragile safe secure critical urgent normal usual unusual rare "
    "frequent regular irregular automatic manual remote mobile digital physical virtual shared dedicated "
    "legal binding optional mandatory standard custom default temporary permanent seasonal regional "
    "national international European foreign domestic commercial technical financial medical clinical "
    "educational historical cultural social political economic environmental industrial agricultural "
    "chemical electrical mechanical optical warm cold dry wet fresh old young modern ancient famous quiet "
    "loud bright dark red green blue white black yellow round square narrow wide deep shallow steep flat "
    "soft hard smooth sharp blunt sweet bitter sour spicy cheap expensive affordable profitable useful "
    "useless helpful friendly polite formal informal careful careless honest patient curious creative "
    "practical theoretical academic scientific statistical significant negligible consistent "
    "contradictory plausible doubtful ambiguous redundant obsolete deprecated concurrent asynchronous "
    "distributed nested recursive immutable idempotent transactional incremental sequential parallel";

constexpr std::string_view kAdverbs =
    "also now only again already often usually always never sometimes soon later today tomorrow "
    "quickly slowly carefully directly finally recently clearly mostly partly fully nearly roughly exactly "
    "currently previously eventually immediately automatically manually separately together twice once "
    "however therefore moreover otherwise meanwhile instead apparently probably certainly perhaps "
    "explicitly implicitly consistently occasionally regularly temporarily permanently considerably "
    "slightly significantly reasonably surprisingly unfortunately hopefully locally remotely internally";

constexpr Patterns kPatterns{
    .statements = R"(The ~A ~N ~V the ~N of the ~N.
~R, the ~N ~D the ~N and the ~N, but not the ~A ~N.
We ~D ~# ~S in ~L, and ~% of them ~D the ~N.
According to the ~N, ~C ~V ~# ~A ~S before ~Y.
The ~N from ~Y ~V that the ~N was ~D ~R.
If the ~N is ~A, the ~N should ~B the ~N within ~# days.
~P ~D the ~A ~N at ~T, after the ~N had ~D.
It is ~A to ~B the ~N without ~G the ~N first.
There are ~# ~A ~S for each ~N, so the ~N ~V ~R.
Neither the ~N nor the ~N ~V the ~A ~N of ~C.
The ~N costs ~$, which is ~% more than the ~N.
In ~L, ~A ~S ~R ~B the ~N; elsewhere they ~B the ~A ~N.
This ~N ~V the ~N, and its ~S are ~A and ~A.
~F said that the ~N would be ~D as soon as the ~N ~V.
Please note that ~S over ~$ need the ~N of a ~A ~N.
When the ~N was ~D, ~# of the ~S were still ~A.
The ~A ~N and the ~N were ~D by ~C in the ~A ~N.
A ~A ~N can ~B the ~N, unless the ~N is ~A.
~G the ~N took ~# hours, mainly because of ~A ~S.
The ~N with the reference ~X has been ~A since ~Y.
Our ~N ~V ~S ~R, which ~V the ~A ~N.
As a ~N, I would rather ~B the ~N than ~B a ~A ~N.
The ~N between ~C and ~C ~V until ~Y.
Most ~S ~B the ~N; the rest ~B ~A ~S or ~A ~S.
For ~A ~S the ~N is ~#, for ~A ones it is ~#.
Both ~S ~B ~A ~S, yet only the ~N of ~Y ~V the ~N.
~R the ~N has to ~B ~# ~S, ~# more than in the ~N before.
They ~D the ~N because the ~N of ~P was ~A.
See ~U for the ~N and the ~A ~S.
The ~N is ~A, the ~N is ~A, and nobody ~R ~V the ~N.
)",
    .questions = R"(Why does the ~N ~B the ~A ~N?
How can I ~B my ~N without ~G the ~N?
My order ~X has not arrived yet. Can you ~B the ~N?
What is the difference between a ~A ~N and a ~N?
Could you ~B the ~N for ~C until ~Y?
I was charged ~$ twice for the ~N. What happened?
Is it possible to ~B ~# ~S at the same time?
Which ~N should I ~B if the ~N is ~A?
Can you explain the ~N in plain words, please?
Where do I find the ~N of ~Y?
We need ~# ~S in ~L by ~Y. What do you suggest?
The ~N ~V "~N ~X is ~A". What does that mean?
Who can ~B the ~A ~N while ~F is away?
Thanks, that helps. And what about the ~N?
No, I meant the ~A ~N, not the ~N.
OK. Please ~B the ~N and tell me what the ~N ~V.
And how long does it take to ~B a ~N from ~L?
Give me ~# ideas for a ~A ~N about ~S.
Rewrite this so that a ~A ~N understands it.
Does this ~N also ~B ~A ~S?
Hello, I ~D a ~N last week and it is already ~A.
Please list the steps to ~B the ~N.
)",
    .answers = R"(Yes, you can ~B the ~N: open the ~N, choose the ~A ~N and ~B it.
The short answer: the ~N ~V the ~N, so ~B the ~N first.
I am sorry about the ~N. I have ~D the ~N with the reference ~X.
There are ~# things to look at here.
Good question. The ~N and the ~N differ in one ~A ~N.
Based on the ~N, the ~A ~N is the one that ~V the ~N.
Certainly. Here is the ~N:
I could not find a ~N for ~C, but the ~N of ~Y may help.
It depends on the ~N. If it is ~A, ~B the ~N; if not, ~B the ~N.
Your ~N was ~D on ~Y and should arrive in ~L by ~Y.
In brief: ~G the ~N is ~A, ~G the ~N is not.
Let me summarise the ~A ~N.
)",
    .instructions = R"(You are the ~A ~N assistant of ~C.
Answer in at most ~# sentences.
Never reveal the ~N or the ~N of other ~S.
If the ~N is ~A, ask for the ~N before you ~B it.
Use only the ~S below; if they do not ~B the question, say so.
Always ~B the ~N in the language of the user.
When a ~N mentions a ~A ~N, refer to section ~# of the ~N.
Do not ~B ~S that ~B ~A ~S.
Write for ~S who ~R ~B ~A ~S.
Format amounts as ~$ and dates as ~Y.
Prefer ~A ~S over ~A ~S.
Escalate to ~F in ~L if the ~N exceeds ~$.
)",
    .log_lines = R"(~Y ~T INFO  ~I: ~G ~N ~X took ~# ms
~Y ~T WARN  ~I: ~A ~N for tenant=~H, retry ~#
~Y ~T ERROR ~I: cannot ~B ~N ~H: ~N is ~A
~Y ~T INFO  http: GET ~U 200 ~#ms ~#kb
~Y ~T INFO  http: POST ~U 503 ~#ms request=~H
~Y ~T DEBUG ~I: ~N=~H ~N=~# ~N=~I
~Y ~T INFO  ~I: ~# ~S ~D, ~# ~A
)",
    .code_lines = R"(def ~I(~N, ~N=None):
    """~G the ~A ~N and ~V its ~S."""
    if ~N.~I > ~#:
        raise ~N_error(f"~A ~N: {~N}")
    for ~N in self.~I(~N, limit=~#):
        ~N = ~N.~I(~N)
    ~I = {"~N": ~N, "~N": ~#, "~I": "~X"}
    return ~I(~N)
    # ~R ~B the ~N: the ~N ~V ~A ~S
    assert ~N.~I == ~#, "~A ~N"
    with ~I(~N) as ~N:
        ~N.~I(~#, ~I)
    logger.info("~D ~N %s", ~N.~I)
)",
    .record_lines = R"({"id": "~X", "~N": "~A ~N", "amount": ~#.~#, "city": "~L", "at": "~YT~T:00Z"}
{"id": "~X", "name": "~P", "~N": ~#, "~N": "~I", "active": true}
{"id": "~X", "~N": {"~N": ~#, "~N": "~H"}, "tags": ["~N", "~A"]}
{"id": "~X", "company": "~C", "~N": null, "note": "~A ~N ~V the ~N"}
)",
    .mail_lines = R"(Dear ~F, thank you for the ~N of ~Y.
I would like to ~B the ~N ~X, because the ~N is ~A.
My card ~K was charged ~$ on ~Y.
You can reach me at ~E or under ~J.
Please ~B the ~N to ~P, ~# ~C Street, ~L.
Kind regards, ~P
On ~Y at ~T, ~P <~E> wrote:
> The ~A ~N ~V the ~N, and ~# ~S were ~D.
)"};

bool ends_with_consonant_y(std::string_view word) {
    return word.size() > 1 && word.back() == 'y' &&
           std::string_view("aeiou").find(word[word.size() - 2]) == std::string_view::npos;
}

std::string with_s(std::string_view word) {
    const std::string text(word);
    if (ends_with_consonant_y(word)) return text.substr(0, text.size() - 1) + "ies";
    if (word.ends_with("s") || word.ends_with("x") || word.ends_with("z") || word.ends_with("ch") ||
        word.ends_with("sh"))
        return text + "es";
    return text + "s";
}

}  // namespace

const Patterns& english_patterns() {
    return kPatterns;
}

const EnglishWords& english_words() {
    static const EnglishWords kWords = [] {
        EnglishWords words;
        for (const std::string_view noun : split(kNouns, ' ')) {
            words.nouns.emplace_back(noun);
            words.plurals.push_back(with_s(noun));
        }
        for (const std::string_view verb : split(kVerbs, ' ')) {
            const std::string text(verb);
            const bool ends_in_e = verb.back() == 'e';
            words.verbs.push_back(text);
            words.verbs_s.push_back(with_s(verb));
            words.verbs_ed.push_back(ends_in_e                     ? text + "d"
                                     : ends_with_consonant_y(verb) ? text.substr(0, text.size() - 1) + "ied"
                                                                   : text + "ed");
            words.verbs_ing.push_back((ends_in_e ? text.substr(0, text.size() - 1) : text) + "ing");
        }
        for (const std::string_view word : split(kAdjectives, ' ')) words.adjectives.emplace_back(word);
        for (const std::string_view word : split(kAdverbs, ' ')) words.adverbs.emplace_back(word);
        return words;
    }();
    return kWords;
}

std::vector<std::string_view> first_names() {
    return split(
        "Ada Sam Noor Jonas Maria Li Wei Aiko Omar Fatima Elena Ivan Olga Pedro Lucia Sofia Mateo Anna Max "
        "Lena Paul Emma Noah Mia Ben Clara Hugo Chloe Louis Ines Luca Giulia Marco Sara Erik Ingrid Lars "
        "Nils "
        "Freya Oscar Amara Kofi Zola Chidi Aisha Tariq Leila Yusuf Priya Arjun Ravi Meera Kenji Yuki Hana "
        "Jin "
        "Minho Sora Thanh Linh Diego Camila Rafael Beatriz Tiago Joana Peter Grace Alan Ruth Simon Judith "
        "David Esther Adam Nora Felix Greta",
        ' ');
}

std::vector<std::string_view> last_names() {
    return split(
        "Okafor Berger Tanaka Silva Novak Haddad Larsen Moreau Rossi Kaya Petrov Nguyen Schmidt Weber Costa "
        "Fischer Wagner Huber Gruber Steiner Lopez Garcia Fernandez Martin Bernard Dubois Laurent Bianchi "
        "Ricci Conti Jensen Nielsen Hansen Johansson Lindberg Virtanen Korhonen Kowalski Nowak Horvat Kovacs "
        "Popescu Ionescu Dimitrov Papadopoulos Yilmaz Demir Rahman Khan Ahmed Hussein Mansour Cohen Levi "
        "Singh "
        "Sharma Patel Gupta Reddy Chen Wang Zhang Liu Yang Kim Park Choi Sato Suzuki Watanabe Ito Mensah "
        "Abebe Mwangi Dlamini Santos Oliveira Pereira Ferreira Almeida Murphy Kelly Walsh Hughes Evans "
        "Clarke "
        "Baker Turner Cooper Ward Morgan",
        ' ');
}

std::vector<std::string_view> cities() {
    return split(
        "Graz|Vienna|Berlin|Munich|Hamburg|Zurich|Paris|Lyon|Madrid|Seville|Lisbon|Porto|Milan|Naples|London|"
        "Leeds|Dublin|Oslo|Malmö|Helsinki|Warsaw|Prague|Budapest|Athens|Istanbul|Cairo|Lagos|Nairobi|Mumbai|"
        "Pune|Tokyo|Osaka|Seoul|Taipei|Sydney|Auckland|São Paulo|Bogotá|Toronto|Austin|Boston|Denver",
        '|');
}

}  // namespace steno::demo
