#!/usr/bin/env python3
"""Makes reference.json, which the tests of src/inference are held against, with SciPy and statsmodels.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    /tmp/reference/bin/python tests/data/inference/make_reference.py > tests/data/inference/reference.json

Neither is needed to build or test Steno. What they do not have is computed here from its definition, in another way than
Steno does: by integers, by numerical integration, by a general solver.
"""

import json
import sys
import warnings
from math import comb, floor, log, sqrt

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import integrate, optimize, special, stats
from statsmodels.stats import power, proportion, weightstats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(20261122)


def pair(interval):
    return [float(interval[0]), float(interval[1])]


def shares():
    tables = [(12, 100, 25, 110), (430, 1000, 489, 1010), (0, 20, 5, 22), (3, 9, 8, 10), (0, 15, 0, 12), (15, 15, 9, 9),
              (1, 1, 0, 1), (7, 40000, 19, 39000), (250000, 500000, 251500, 500000), (2, 1000000, 9, 1000000),
              (0, 8, 8, 8), (4, 300, 1, 5)]
    cases = []
    for sa, na, sb, nb in tables:
        for confidence in (0.95, 0.99):
            alpha = 1 - confidence
            case = {"a": [sa, na], "b": [sb, nb], "confidence": confidence}
            case["wilson"] = pair(proportion.proportion_confint(sb, nb, alpha=alpha, method="wilson"))
            case["newcombe"] = pair(proportion.confint_proportions_2indep(
                sb, nb, sa, na, method="newcomb", compare="diff", alpha=alpha))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                z, p = proportion.proportions_ztest([sb, sa], [nb, na])
            case["z"], case["z_p"] = (None, None) if np.isnan(z) else (float(z), float(p))
            case["fisher_p"] = float(stats.fisher_exact([[sb, nb - sb], [sa, na - sa]])[1])
            case["h"] = float(proportion.proportion_effectsize(sb / nb, sa / na))
            cells = np.array([[sb, nb - sb], [sa, na - sa]], dtype=float)
            # statsmodels' own shift_zeros would move only the cells that are 0.
            table = Table2x2(cells if cells.all() else cells + 0.5, shift_zeros=False)
            case["odds_ratio"] = float(table.oddsratio)
            case["odds_ratio_interval"] = pair(table.oddsratio_confint(alpha))
            cases.append(case)
    return cases


def fieller(a, b, t):
    """The ratios that are not refused, by solving for both ends instead of by the formula."""
    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    ratio = b.mean() / a.mean()

    def beyond(r):
        return (b.mean() - r * a.mean()) ** 2 - t * t * (vb + r * r * va)

    if a.mean() ** 2 <= t * t * va:
        return None
    low, high = ratio, ratio
    while beyond(low) <= 0:
        low -= max(1, abs(ratio))
    while beyond(high) <= 0:
        high += max(1, abs(ratio))
    return [optimize.brentq(beyond, low, ratio, xtol=1e-14) - 1, optimize.brentq(beyond, ratio, high, xtol=1e-14) - 1]


def means():
    samples = [
        (rng.normal(10, 2, 30), rng.normal(11, 5, 12)),
        (rng.lognormal(0, 1, 150), rng.lognormal(0.3, 1.2, 90)),
        (rng.normal(0, 1, 2), rng.normal(0, 1, 3)),
        (1e9 + rng.normal(0, 1, 40), 1e9 + 1 + rng.normal(0, 1, 40)),
        (np.array([3.0, 3.0, 3.0]), np.array([1.0, 2.0, 6.0, 9.0])),
        (rng.exponential(1e-6, 60), rng.exponential(2e-6, 60)),
    ]
    cases = []
    for a, b in samples:
        for confidence in (0.95, 0.9):
            result = stats.ttest_ind(b, a, equal_var=False)
            compared = weightstats.CompareMeans(weightstats.DescrStatsW(b), weightstats.DescrStatsW(a))
            degrees = len(a) + len(b) - 2
            pooled = sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / degrees)
            d = (b.mean() - a.mean()) / pooled
            t = stats.t.ppf((1 + confidence) / 2, result.df)
            case = {"a": a.tolist(), "b": b.tolist(), "confidence": confidence, "t": float(result.statistic),
                    "degrees": float(result.df), "p": float(result.pvalue),
                    "interval": pair(compared.tconfint_diff(alpha=1 - confidence, usevar="unequal")),
                    "mean_interval": pair(stats.t.interval(confidence, len(b) - 1, b.mean(), stats.sem(b))),
                    "d": float(d),
                    "g": float(d * special.gamma(degrees / 2) / (sqrt(degrees / 2) * special.gamma((degrees - 1) / 2)))}
            if a.mean() > 0 and b.mean() > 0:
                case["relative"] = float(b.mean() / a.mean() - 1)
                case["fieller"] = fieller(a, b, t)
            cases.append(case)
    return cases


def counts_of_u(m, n):
    """How many orders of m and n values have each U: the coefficients of a Gaussian binomial, in integers."""
    counts = [1]
    for i in range(1, m + 1):
        wider = counts + [0] * (n + i)
        for u in range(len(wider) - 1, n + i - 1, -1):
            wider[u] -= wider[u - n - i]
        for u in range(i, len(wider)):
            wider[u] += wider[u - i]
        counts = wider[: i * n + 1]
    assert sum(counts) == comb(m + n, m)
    return counts


def hodges_lehmann(a, b, confidence, exact):
    differences = np.sort(np.subtract.outer(b, a).ravel())
    m, n = len(a), len(b)
    if exact:
        counts, tail, c = counts_of_u(m, n), 0, 0
        while (tail + counts[c]) / comb(m + n, m) <= (1 - confidence) / 2:
            tail += counts[c]
            c += 1
    else:
        c = floor(m * n / 2 - stats.norm.ppf((1 + confidence) / 2) * sqrt(m * n * (m + n + 1) / 12))
    interval = [float(differences[c - 1]), float(differences[-c])] if c > 0 else None
    return float(np.median(differences)), interval


def ranks():
    samples = [
        (rng.normal(0, 1, 8), rng.normal(1, 1, 7)),
        (rng.lognormal(0, 1, 50), rng.lognormal(0.5, 1, 50)),
        (rng.normal(0, 1, 3), rng.normal(0, 1, 3)),
        (np.array([0.5]), rng.normal(0, 1, 40)),
        (rng.integers(0, 6, 30).astype(float), rng.integers(1, 8, 25).astype(float)),
        (rng.lognormal(0, 1, 200), rng.lognormal(0.2, 2, 260)),
        (np.round(rng.lognormal(6, 1, 300)), np.round(rng.lognormal(6.1, 1, 280))),
        (np.arange(5.0), np.arange(10.0, 18.0)),
    ]
    cases = []
    for a, b in samples:
        for confidence in (0.95, 0.8):
            ties = len(np.unique(np.concatenate([a, b]))) < len(a) + len(b)
            exact = not ties and len(a) * len(b) <= 2500
            result = stats.mannwhitneyu(b, a, method="exact" if exact else "asymptotic")
            case = {"a": a.tolist(), "b": b.tolist(), "confidence": confidence, "exact": exact,
                    "u": float(result.statistic), "p": float(result.pvalue)}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                free = stats.brunnermunzel(a, b)
            if np.isfinite(free.statistic) and len(a) > 1 and len(b) > 1:
                case["brunner_munzel"] = [float(free.statistic), float(free.pvalue)]
            case["shift"], case["shift_interval"] = hodges_lehmann(a, b, confidence, exact)
            cases.append(case)
    return cases


def quantiles():
    samples = []
    for size in (6, 20, 73, 400, 1500):
        a, b = np.round(rng.lognormal(0, 1, size), 5), np.round(rng.lognormal(0.4, 1.3, size + 11), 5)
        cases = []
        for q in (0.5, 0.9, 0.95):
            for confidence in (0.95, 0.9):
                def interval(x):
                    found = stats.quantile_test(x, q=0, p=q).confidence_interval(confidence)
                    return pair(found) if np.isfinite(found.low) and np.isfinite(found.high) else None

                def at(x):
                    return float(np.quantile(x, q, method="inverted_cdf"))

                case = {"q": q, "confidence": confidence, "at_a": at(a), "at_b": at(b),
                        "interval_a": interval(a), "interval_b": interval(b)}
                if case["interval_a"] and case["interval_b"]:
                    d, la, ua, lb, ub = at(b) - at(a), *case["interval_a"], *case["interval_b"]
                    case["difference"] = [d - sqrt((at(b) - lb) ** 2 + (ua - at(a)) ** 2),
                                          d + sqrt((ub - at(b)) ** 2 + (at(a) - la) ** 2)]
                cases.append(case)
        samples.append({"a": a.tolist(), "b": b.tolist(), "cases": cases})
    return samples


def holm():
    families = [[0.01, 0.04, 0.03], [0.5], [0.0, 1.0, 0.2, 0.2], rng.uniform(0, 0.2, 12).tolist()]
    return [{"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in families]


def sample_sizes():
    cases = {"means": [], "shares": []}
    for d in (0.02, 0.2, 0.5, 1.3):
        for ratio in (1, 0.25, 3):
            for target in (0.8, 0.95):
                n = power.TTestIndPower().solve_power(d, power=target, alpha=0.05, ratio=ratio)
                cases["means"].append({"d": d, "ratio": ratio, "power": target, "n": float(n)})
    for share, difference in ((0.1, 0.02), (0.5, -0.05), (0.003, 0.001), (0.9, 0.05)):
        for ratio in (1, 0.5, 4):
            n = proportion.samplesize_proportions_2indep_onetail(
                -difference, share + difference, 0.8, ratio=ratio, alpha=0.05, alternative="two-sided")
            cases["shares"].append({"share": share, "difference": difference, "ratio": ratio, "n": float(n)})
    return cases


def bootstraps():
    def mean(x, axis):
        return np.mean(x, axis=axis)

    def difference(a, b, axis):
        return np.mean(b, axis=axis) - np.mean(a, axis=axis)

    def ratio(above, below, axis):
        return np.sum(above, axis=axis) / np.sum(below, axis=axis)

    small, skewed, other = rng.lognormal(0, 1, 25), rng.lognormal(0, 1.2, 120), rng.lognormal(0.3, 1, 80)
    tokens = np.round(rng.lognormal(5, 1, 120))
    cases = []
    for name, data, statistic, paired in (("mean", (small,), mean, False), ("mean", (skewed,), mean, False),
                                          ("difference", (skewed, other), difference, False),
                                          ("ratio", (skewed, tokens), ratio, True)):
        for kind in ("percentile", "bca"):
            result = stats.bootstrap(data, statistic, n_resamples=200_000, batch=5000, paired=paired, method=kind,
                                     confidence_level=0.95, rng=np.random.default_rng(7))
            cases.append({"what": name, "kind": kind, "data": [x.tolist() for x in data],
                          "estimate": float(statistic(*data, axis=-1)), "interval": pair(result.confidence_interval),
                          "standard_error": float(result.standard_error)})
    return cases


def log_mixture(ones, zeros):
    """ln of the integral of p^ones (1-p)^zeros over Beta(1/2, 1/2), numerically, p being sin² of an angle."""
    top = ones / (ones + zeros)
    peak = special.xlogy(ones, top) + special.xlogy(zeros, 1 - top)

    def inside(angle):
        p = np.sin(angle) ** 2
        return np.exp(special.xlogy(ones, p) + special.xlogy(zeros, 1 - p) - peak) * 2 / np.pi

    middle = np.arcsin(sqrt(top))
    return peak + log(integrate.quad(inside, 0, np.pi / 2, points=[middle], limit=500, epsabs=1e-13, epsrel=1e-11)[0])


def log_likelihood(sample, p):
    ones, count = sample
    return float(special.xlogy(ones, p) + special.xlogy(count - ones, 1 - p))


def ends(refused, inside, least, most):
    def end(outside):
        return outside if refused(outside) < 0 else optimize.brentq(refused, inside, outside, xtol=1e-12)

    return [float(end(least)), float(end(most))]


def sequences():
    cases = {"mean": [], "difference": [], "means": []}
    for sample in ((0, 1), (0, 30), (7, 10), (412.25, 1000), (50000, 100000), (10, 10)):
        for confidence in (0.95, 0.99):
            mixture, bound = log_mixture(sample[0], sample[1] - sample[0]), log(1 / (1 - confidence))

            def refused(p):
                return mixture - log_likelihood(sample, p) - bound

            cases["mean"].append({"sample": sample, "confidence": confidence,
                                  "interval": ends(refused, sample[0] / sample[1], 0, 1)})
    for a, b in (((0, 1), (1, 1)), ((12, 40), (25, 45)), ((300, 1000), (390, 1100)), ((2.5, 90), (80.25, 100)),
                 ((5, 2000), (9, 100)), ((20, 20), (0, 15))):
        bound = log(20)
        mixture = log_mixture(a[0], a[1] - a[0]) + log_mixture(b[0], b[1] - b[0])

        def least_evidence(d):
            low, high = max(0, -d), min(1, 1 - d)
            if low >= high:
                return mixture - log_likelihood(a, low) - log_likelihood(b, min(1, max(0, low + d)))
            found = optimize.minimize_scalar(
                lambda p: mixture - log_likelihood(a, p) - log_likelihood(b, min(1, max(0, p + d))), bounds=(low, high),
                method="bounded", options={"xatol": 1e-12})
            return min(float(found.fun), *(mixture - log_likelihood(a, p) - log_likelihood(b, min(1, max(0, p + d)))
                                           for p in (low, high)))

        cases["difference"].append({
            "a": a, "b": b, "p": min(1.0, float(np.exp(-least_evidence(0)))),
            "interval": ends(lambda d: least_evidence(d) - bound, b[0] / b[1] - a[0] / a[1], -1, 1)})
    for (na, ma, va), (nb, mb, vb) in (((100, 1, 4), (120, 1.4, 3)), ((5000, 10, 100), (5000, 11, 120)),
                                       ((100000, 3, 9), (900, 3.5, 8))):
        def beyond(alpha, rho):
            """|d| less the reach of this α, with ρ that of 95 %."""
            t = na + nb
            sigma = sqrt(t * (va / na + vb / nb))
            return abs(mb - ma) - sigma * sqrt(
                2 * (t * rho**2 + 1) / (t**2 * rho**2) * log(sqrt(t * rho**2 + 1) / alpha))

        rho = sqrt((-2 * log(0.05) + log(-2 * log(0.05)) + 1) / 10000)
        reach = abs(mb - ma) - beyond(0.05, rho)
        p = 1.0 if beyond(1, rho) <= 0 else optimize.brentq(lambda x: beyond(np.exp(x), rho), -700, 0, xtol=1e-13)
        cases["means"].append({"a": [na, ma, va], "b": [nb, mb, vb], "interval": [mb - ma - reach, mb - ma + reach],
                               "p": p if p == 1.0 else float(np.exp(p))})
    return cases


def chances_of(distributions):
    """P(best) and expected loss of each of several independent distributions, higher being better, by integration."""
    low = min(d.ppf(1e-13) for d in distributions)
    high = max(d.ppf(1 - 1e-13) for d in distributions)
    grid = np.linspace(low, high, 400_001)
    cdfs, pdfs = [d.cdf(grid) for d in distributions], [d.pdf(grid) for d in distributions]
    best = [float(integrate.simpson(pdfs[i] * np.prod([c for j, c in enumerate(cdfs) if j != i], axis=0), x=grid))
            for i in range(len(distributions))]
    mean_of_best = high - float(integrate.simpson(np.prod(cdfs, axis=0), x=grid))
    return {"best": best, "loss": [mean_of_best - float(d.mean()) for d in distributions]}


def beliefs():
    cases = []
    for arms in ([(13, 30), (20, 25)], [(5, 5), (6, 5), (2, 2)], [(501, 9501), (540, 9460), (480, 9520)]):
        cases.append({"beta": arms, **chances_of([stats.beta(a, b) for a, b in arms])})
    for arms in ([(10, 50, 25, 90), (10.4, 60, 30, 110)], [(1, 5, 3, 2), (1.1, 200, 100, 150), (0.9, 40, 20, 30)]):
        # The mean's marginal distribution is Student's with 2 shape degrees of freedom.
        cases.append({"normal": arms, **chances_of([
            stats.t(2 * shape, mean, sqrt(scale / (shape * weight))) for mean, weight, shape, scale in arms])})
    return cases


def change_points():
    nile = sm.datasets.nile.load_pandas().data["volume"].to_numpy()
    scores = []
    for k in range(5, len(nile) - 4):
        before, after = nile[:k], nile[k:]
        u = stats.mannwhitneyu(before, after).statistic
        scores.append(abs(u - k * (len(nile) - k) / 2) / sqrt(k * (len(nile) - k)))
    return {"nile": nile.tolist(), "at": int(np.argmax(scores)) + 5}


def units():
    """Means over calls of units, by weighted least squares with an error that is robust to clusters."""
    own = np.random.default_rng(7)
    cases = []
    for count, weighted in ((2, False), (40, False), (40, True), (300, True)):
        unit = np.repeat(np.arange(count), own.geometric(0.2, count))
        values = own.normal(5, 1, count)[unit] + own.normal(0, 1, len(unit))
        weights = own.choice([1.0, 2.5, 10.0], count)[unit] if weighted else np.ones(len(unit))
        fit = sm.WLS(values, np.ones(len(unit)), weights=weights).fit(cov_type="cluster", cov_kwds={"groups": unit})
        cases.append({"unit": unit.tolist(), "values": values.tolist(), "weights": weights.tolist(),
                      "mean": float(fit.params[0]), "variance": float(fit.cov_params()[0, 0])})
    return cases


def fits():
    cases = []
    for counts, shares in (((48, 52), (0.5, 0.5)), ((1000, 1100), (0.5, 0.5)), ((900, 90, 30), (0.9, 0.08, 0.02)),
                           ((0, 7), (0.3, 0.7)), ((100000, 100900), (0.5, 0.5))):
        n, theta = sum(counts), np.array(shares)
        found = stats.chisquare(counts, theta * n)
        # The likelihood of one order of the units; the mixture's is Dirichlet-multinomial over all orders alike.
        orders = float(special.gammaln(n + 1) - special.gammaln(np.array(counts) + 1).sum())
        mixture = float(stats.dirichlet_multinomial.logpmf(counts, np.full(len(counts), 0.5), n)) - orders
        meant = float(special.xlogy(counts, theta).sum())
        cases.append({"counts": counts, "shares": shares, "chi_square": float(found.statistic),
                      "p": float(found.pvalue), "sequence_p": float(min(1.0, np.exp(meant - mixture)))})
    return cases


made = {"made_with": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
                      "statsmodels": statsmodels.__version__},
        "shares": shares(), "means": means(), "ranks": ranks(), "quantiles": quantiles(), "holm": holm(),
        "sample_sizes": sample_sizes(), "bootstraps": bootstraps(), "sequences": sequences(), "beliefs": beliefs(),
        "change_points": change_points(), "units": units(), "fits": fits()}
print("{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in made.items()) + "\n}")
