"""The report as files: what stands in them is what the API says, and what was recorded stays text."""

import datetime
import decimal
import html
import json
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from steno_process import Server, run

HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "модель", "模型", "نموذج", "=HYPERLINK(1)"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("report") / "data"
    run("demo", "--data", data, "--calls", "4000", "--seed", "6", "--days", "60")
    with Server(data) as server:
        now = datetime.datetime.now(datetime.timezone.utc)
        for i, name in enumerate(HOSTILE):
            server.request("POST", "/api/v1/calls", {"calls": [{
                "id": f"01990000-0000-7000-8000-{i:012d}", "kind": "chat", "status": "success", "provider": {"name": "openai"}, "model": {"requested": name},
                "trace": {"agent": name}, "started_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "time": {"duration_ms": 900000 + i},
                "cost": {"total": f"{900 - i}.000000000001", "currency": "USD"}}]}, {"content-type": "application/json"})
        server.wait_until_fed()
        yield server


def test_the_html_is_one_file_and_text_stays_text(server, tmp_path):
    target = tmp_path / "report.html"
    run("report", "--server", server.url, "--days", "30", "--format", "html", "--output", target)
    page = target.read_text()
    assert page.startswith("<!doctype html>") and "<script" not in page and "<img" not in page and "http:" not in page and "https:" not in page
    assert "&lt;script&gt;alert(1)" in page and "模型" in page and page.count("<svg") >= 2
    assert not (tmp_path / "report.html.part").exists()


def test_the_pdf_says_what_the_api_says(server, tmp_path):
    target = tmp_path / "report.pdf"
    run("report", "--server", server.url, "--days", "30", "--output", target)
    told = json.loads(run("report", "--server", server.url, "--days", "30", "--json").stdout)
    text = subprocess.run(["pdftotext", "-layout", target, "-"], check=True, capture_output=True, text=True).stdout
    now = told["by_model"]["now"]
    assert f"{now['calls']:,}" in text and f"{now['total_tokens']:,}" in text
    assert f"${round(decimal.Decimal(now['cost']['total']), 2)}" in text
    assert f"{told['statistics']['summary']['requests']:,}" in text
    pages = text.count("\f")
    assert pages >= 2 and re.search(f"1 ?/ ?{pages}", text) and re.search(f"{pages} ?/ ?{pages}", text)
    assert "<script>alert(1)</script>" in text and "модель" in text
    assert not re.search(r"^ *%|[+−]$", text, re.M), "a sign stands apart from its number"


def test_feedback_scores_and_missing_variables_are_there_where_there_are_any(server, tmp_path):
    run("report", "--server", server.url, "--days", "30", "--output", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    told = json.loads(run("report", "--server", server.url, "--days", "30", "--json").stdout)
    now, before = told["quality"]["all"], told["quality_before"]["all"]
    assert told["quality_before"]["period"]["from"] == told["by_model"]["against"]["from"] and told["quality_before"]["groups"] == []
    feedback = now["feedback"]
    judged = feedback["accepted"] + feedback["modified"] + feedback["rejected"]
    assert judged > 0 and f"{judged:,} answers were judged: {feedback['accepted']:,} accepted ({feedback['acceptance_rate'] * 100:.1f} %" in page
    assert f"before: {before['feedback']['acceptance_rate'] * 100:.1f} %" in page
    assert told["quality"]["scores"] and all(score["name"] in page for score in told["quality"]["scores"][:8])
    missing = told["missing_variables"]
    assert missing["incomplete"] > 0 and f"{missing['incomplete']:,} had not" in page and missing["variables"][0]["variable"] in page
    run("report", "--server", server.url, "--days", "30", "-f", "trace.agent=модель", "--output", tmp_path / "none.html")
    none = (tmp_path / "none.html").read_text()
    for heading in ("What people said", "Scores", "lacked variables"):
        assert heading in page and heading not in none, heading


def test_what_to_change_is_there_with_its_saving(server, tmp_path):
    now = datetime.datetime.now(datetime.timezone.utc)
    server.request("POST", "/api/v1/calls", {"calls": [{
        "id": f"01990000-0000-7000-9000-{i:012d}", "kind": "chat", "status": "failure", "provider": {"name": "openai"}, "model": {"requested": "m"},
        "prompt": {"type": "<paid> for & lost"}, "started_at": (now - datetime.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ"), "time": {"duration_ms": 900},
        "cost": {"total": "4000.5", "currency": "USD"}} for i in range(12)]}, {"content-type": "application/json"})
    server.wait_until_fed()
    run("report", "--server", server.url, "--days", "30", "--output", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    told = json.loads(run("report", "--server", server.url, "--days", "30", "--json").stdout)["suggestions"]["suggestions"]
    suggested = json.loads(run("suggest", "--server", server.url, "--days", "30", "--json").stdout)["suggestions"]
    assert [one["sentence"] for one in told] == [one["sentence"] for one in suggested]
    paid = next(one for one in told if one["kind"] == "paid_failure" and one["task"]["prompt_type"] == "<paid> for & lost")
    assert paid["saving"]["amount"].rstrip("0").rstrip(".") == "48006"
    # Each answer reckons a month from the time that it has looked at, which ends now.
    saves = re.search(r"&lt;paid&gt; for &amp; lost.*? Saves about \$(\d+\.\d\d) a month", page)
    assert "What to change" in page and float(saves[1]) == pytest.approx(float(paid["saving"]["per_month"]), rel=1e-3)
    assert "Savings are not to be added up" in page
    assert all(html.escape(caveat, quote=False) in page for caveat in paid["caveats"])
    # Where nothing is to be said there is no heading.
    run("report", "--server", server.url, "--days", "30", "-f", "prompt.type=nobody", "--output", tmp_path / "none.html")
    assert "What to change" not in (tmp_path / "none.html").read_text()


def test_what_makes_no_sense_is_refused(server, tmp_path):
    for flags in (["--format", "doc"], ["--pdf", "--format", "html"], ["--week", "--days", "3"], ["--output", tmp_path / "x.docx"], ["--output", tmp_path]):
        refused = run("report", "--server", server.url, *flags, check=False)
        assert refused.returncode != 0 and refused.stderr, flags
    assert run("report", "--server", server.url, "--week", "--output", "-").stdout.startswith("<!doctype html>")


def test_of_nothing_there_is_a_report_too(server, tmp_path):
    for name in ("empty.html", "empty.pdf"):
        run("report", "--server", server.url, "--days", "7", "-f", "project=nobody", "--output", tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000


def tables(page):
    """Of each table its heading, heads and rows."""
    found = []
    for heading, table in re.findall(r"<h2>([^<]*)</h2>(?:\n<p[^\n]*)*\n<table>(.*?)</table>", page, re.S):
        rows = [[html.unescape(re.sub("<[^>]*>", "", cell)) for cell in re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in re.findall("<tr>(.*?)</tr>", table, re.S)]
        found.append((html.unescape(heading), rows[0], rows[1:]))
    return found


def test_amounts_of_a_table_have_the_same_places(server, tmp_path):
    page = run("report", "--server", server.url, "--days", "30", "-f", "project.exists=true", "--output", "-").stdout
    told = json.loads(run("report", "--server", server.url, "--days", "30", "-f", "project.exists=true", "--json").stdout)
    by_heading = {heading: (heads, rows) for heading, heads, rows in tables(page)}
    for heading, columns in {"By model": ["cost", "before"], "By provider": ["cost", "before"], "By agent": ["cost", "before", "with those in it"], "By user": ["cost", "before"], "The dearest calls": ["cost"]}.items():
        heads, rows = by_heading[heading]
        cells = [row[heads.index(column)] for row in rows for column in columns if column in heads]
        amounts = [cell for cell in cells if cell != "–"]
        places = {len(amount.split(".")[1]) for amount in amounts}
        assert len(amounts) >= len(rows) and len(places) == 1 and 2 <= places.pop() <= 4, (heading, amounts)
    exact = {group["key"]["provider.name"]: decimal.Decimal(group["now"]["cost"]["total"]) for group in told["by_provider"]["groups"]}
    heads, rows = by_heading["By provider"]
    for row in rows:
        shown = row[heads.index("cost")].removeprefix("<").removeprefix("$")
        step = decimal.Decimal(1).scaleb(-len(shown.split(".")[1]))
        assert abs(decimal.Decimal(shown) - exact[row[0]]) <= step / 2 or "<" in row[1] and exact[row[0]] < step, row
    # Whoever subtracts what is shown finds the difference that is told.
    now, more, before = re.search(r"calls cost \$([\d.]+), \$([\d.]+) (?:more|less) than the \$([\d.]+) of the period before", page).groups()
    assert abs(decimal.Decimal(now) - decimal.Decimal(before)) == decimal.Decimal(more)


def test_letters_of_all_tables_have_one_size(server, tmp_path):
    run("report", "--server", server.url, "--days", "30", "--output", tmp_path / "report.pdf")
    page = subprocess.run(["pdftotext", "-bbox", tmp_path / "report.pdf", "-"], check=True, capture_output=True, text=True).stdout
    heads = re.findall(r'yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">share<', page)
    assert len(heads) >= 4 and len({round(float(bottom) - float(top), 1) for top, bottom in heads}) == 1, heads


def test_lines_of_prices_are_wrapped_and_none_ends_with_blanks(server):
    lines = run("compare", "--server", server.url, "--days", "30").stdout.splitlines()
    begins = [i for i, line in enumerate(lines) if line.startswith("prices ")]
    assert len(begins) == 2 and lines[begins[0]].startswith("prices now: ") and lines[begins[1]].startswith("prices before: ")
    table = lines.index("")
    assert all(len(line) <= 80 for line in lines[begins[0]:table])
    assert table > begins[1] + 1 and lines[begins[1] + 1].startswith(" " * len("prices before: ") + "failed")
    run("budgets", "set", "blanks", "--limit", "10000", "--server", server.url)
    for words in (["budgets", "show", "blanks"], ["prompt-types", "show", "answer_question"]):
        shown = run(*words, "--server", server.url).stdout
        assert shown and not [line for line in shown.splitlines() if line != line.rstrip()], shown
