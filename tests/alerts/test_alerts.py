"""Alerts from the rule to the receiver: what fires is told, once it is told it is told the same, and it survives kills."""

import json
import os
import pathlib
import re
import sys
import uuid
from datetime import datetime, timedelta, timezone

import pytest
import standardwebhooks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from certificates import certificate  # noqa: E402
from openapi import Contract  # noqa: E402
from receivers import Hook, Mail  # noqa: E402
from steno_process import Server, run  # noqa: E402

ROUNDS = int(os.environ.get("STENO_KILL_ROUNDS", "4"))


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path / "data") as running:
        yield running


def record(server, count=1, status="success", at=None, **more):
    at = at or datetime.now(timezone.utc)
    calls = [{"id": str(uuid.uuid4()), "kind": "chat", "status": status, "started_at": at.isoformat().replace("+00:00", "Z"),
              "model": {"requested": "gpt-4o-mini"}, "provider": {"name": "openai"}, **more} for _ in range(count)]
    server.request("POST", "/api/v1/calls", {"calls": calls}, {"content-type": "application/json"})
    return [call["id"] for call in calls]


def put(server, path, body, expect=200):
    return server.request("PUT", "/api/v1/" + path, body, expect=expect)[2]


def alert(server, name="failures", expect=200, **rule):
    rule = {"metric": "failures", "window": "1h", "warning": 1, "every": "1s", **rule}
    return put(server, f"alerts/{name}", {key: value for key, value in rule.items() if value is not None}, expect)


def hook(server, receiver, name="ops", kind="webhook"):
    return put(server, f"channels/{name}", {"kind": kind, "url": receiver.url})


def state(server, name="failures"):
    return server.get(f"/api/v1/alerts/{name}")[2]["state"]


def wait_for_state(server, wanted, name="failures"):
    server.wait_for(lambda: state(server, name) == wanted or None, f"state {wanted}")


def deliveries(server, query=""):
    return server.get("/api/v1/deliveries?limit=1000" + query)[2]["deliveries"]


def test_a_rule_fires_and_recovers_and_the_receiver_can_check_it(server):
    contract = Contract(server.get("/api/v1/openapi.json")[2])
    with Hook() as receiver:
        channel = hook(server, receiver)
        contract.check(channel, "PUT", "/api/v1/channels/{name}")
        record(server, 7)
        failed = record(server, 3, "failure")
        told = alert(server, metric="failure_rate", warning="20%", critical=0.9, filters=["project.exists=false"])
        contract.check(told, "PUT", "/api/v1/alerts/{name}")
        assert told["warning"] == 0.2
        headers, body, message = receiver.wait_for("WARNING: failures")
        library = standardwebhooks.Webhook(channel["secret"])
        assert library.verify(body, headers)
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            library.verify(body.replace(b"0.3", b"0.1"), headers)
        assert message["type"] == "alert.firing"
        data = message["data"]
        assert data["value"] == 0.3 and data["threshold"] == 0.2 and data["calls"] == 10 and set(data["samples"]) == set(failed)
        assert (data["level"], data["previous_level"], data["rule"], data["unit"]) == ("warning", "no_data", "failures", "share")
        record(server, 90)
        recovered = receiver.wait_for("OK AGAIN: failures")[2]
        assert recovered["type"] == "alert.recovered" and recovered["data"]["value"] < 0.2
        events = server.get("/api/v1/alerts/failures/history")[2]
        contract.check(events, "GET", "/api/v1/alerts/{name}/history")
        assert [(e["from"], e["to"]) for e in events["events"]] == [("warning", "ok"), ("no_data", "warning")]
        server.wait_for(lambda: all(d["state"] == "delivered" for d in deliveries(server)) or None, "deliveries")
        contract.check(server.get("/api/v1/deliveries")[2], "GET", "/api/v1/deliveries")
        contract.check(server.get("/api/v1/alerts")[2], "GET", "/api/v1/alerts")
        contract.check(server.get("/api/v1/channels")[2], "GET", "/api/v1/channels")
        metrics = server.get("/metrics")[2].decode()
        assert 'steno_alerts_firing{level="warning"} 0' in metrics and "steno_notifications_delivered_total 4" in metrics
        assert "alert: WARNING: failures" in server.output()  # the log is a channel, too


@pytest.mark.parametrize("answer", [503, "hang"])
def test_kill_9_between_the_transition_and_its_delivery(tmp_path, answer):
    """The receiver fails or hangs until the server is killed; after the restart it gets each notification, by the same id."""
    data, ids = tmp_path / "data", {}
    with Hook() as receiver:
        for number in range(ROUNDS):
            receiver.answer = answer
            server = Server(data)
            if number == 0:
                hook(server, receiver)
                record(server, 1, "failure")
            name = f"round-{number}"
            alert(server, name, channels=["ops"])
            ids[name] = receiver.wait_for(f"WARNING: {name}", answer=answer)[0]["webhook-id"]
            if answer == 503:  # the failure was kept, too
                server.wait_for(lambda: deliveries(server)[0]["attempts"] or None, "attempt that failed")
            server.kill()
            receiver.answer = 200
            with Server(data) as server:
                headers, _, message = receiver.wait_for(f"WARNING: {name}", answer=200)
                assert headers["webhook-id"] == ids[name] and message["data"]["rule"] == name
                server.wait_for(lambda: deliveries(server)[0]["state"] == "delivered" or None, "delivery that is kept")
                assert len(server.get(f"/api/v1/alerts/{name}/history")[2]["events"]) == 1
        with Server(data) as server:
            assert sorted(d["id"] for d in deliveries(server)) == sorted(ids.values())  # none was lost, none made twice
            assert all(d["state"] == "delivered" for d in deliveries(server))


def test_kill_9_at_any_moment_loses_no_notification(tmp_path):
    """Whatever the history says has changed was told, exactly as often, by as many ids."""
    data = tmp_path / "data"
    with Hook() as receiver:
        with Server(data) as server:
            hook(server, receiver)
        for number in range(ROUNDS):
            server = Server(data)
            alert(server, "flips", channels=["ops"], filters=[f"trace.agent=a{number}"])
            record(server, 1, "failure", trace={"agent": f"a{number}"})
            # Not a test of time: it only decides where in the work the kill falls.
            server.wait_for(lambda: number % 2 == 0 or state(server, "flips") == "warning" or None, "moment of the kill")
            server.kill()
        with Server(data) as server:
            wait_for_state(server, "warning", "flips")
            server.wait_for(lambda: all(d["state"] == "delivered" for d in deliveries(server)) or None, "all deliveries")
            events = server.get("/api/v1/alerts/flips/history")[2]["events"]
            fired = [e for e in events if e["to"] == "warning"]
            assert fired and len(deliveries(server)) == len(fired)
            got = {one[1]["webhook-id"] for one in receiver.got}
            assert got == {d["id"] for d in deliveries(server)}


def test_a_channel_that_hangs_holds_up_nobody(server):
    with Hook("hang") as stuck, Hook() as receiver:
        hook(server, stuck, "stuck")
        hook(server, receiver, "ops")
        record(server, 1, "failure")
        for number in range(5):
            alert(server, f"rule-{number}")
            receiver.wait_for(f"rule-{number}")
            record(server, 1)  # recording goes on
        assert stuck.got and len(deliveries(server, "&channel=stuck&state=waiting")) == 5


def test_an_answer_that_is_none(server):
    with Hook("redirect") as receiver:
        hook(server, receiver)
        answer = server.request("POST", "/api/v1/channels/ops/test")[2]
        assert not answer["delivered"] and "302" in answer["error"] and "redirects" in answer["error"]
        assert receiver.redirected == 0
        receiver.answer = "flood"  # a little of it is read
        assert server.request("POST", "/api/v1/channels/ops/test")[2]["delivered"]
        receiver.answer = 500
        answer = server.request("POST", "/api/v1/channels/ops/test")[2]
        Contract(server.get("/api/v1/openapi.json")[2]).check(answer, "POST", "/api/v1/channels/{name}/test")
        assert "500" in answer["error"]
    answer = server.request("POST", "/api/v1/channels/ops/test")[2]
    assert not answer["delivered"] and "127.0.0.1" in answer["error"]


def test_slack_gets_what_it_understands(server):
    with Hook() as receiver:
        hook(server, receiver, "team", "slack")
        alert(server, description="<!here> & more")
        record(server, 1, "failure")
        message = receiver.wait_for("WARNING: failures")[2]
        assert message["text"].startswith("WARNING: failures: failures in 1h is 1")
        (attachment,) = message["attachments"]
        (block,) = attachment["blocks"]
        assert attachment["color"].startswith("#") and block["type"] == "section"
        assert any("&lt;!here&gt; &amp; more" in field["text"] for field in block["fields"]) and len(block["fields"]) <= 10


def mail_channel(server, port, scheme="smtp", host="localhost", **more):
    return put(server, "channels/mail", {"kind": "email", "url": f"{scheme}://{host}:{port}", "from": "steno@example.com",
                                         "to": ["ops@example.com", "boss@example.com"], **more})


def test_mail_with_starttls_and_a_login(tmp_path):
    context, file = certificate(tmp_path, "localhost")
    with Server(tmp_path / "data", env={"STENO_GATEWAY_CA_FILE": str(file)}) as server, \
            Mail(context, ("steno", "s3cret-pass")) as mail:
        mail_channel(server, mail.port, user="steno", password="s3cret-pass")
        alert(server, description="Größer als nötig")
        record(server, 1, "failure")
        encrypted, sender, to, text = mail.wait_for("WARNING: failures")
        assert encrypted and sender == "steno@example.com" and to == ["ops@example.com", "boss@example.com"]
        assert "Größer als nötig" in text.get_content() and text["auto-submitted"] == "auto-generated"
        (delivery,) = deliveries(server, "&channel=mail")
        assert text["message-id"] == f"<{delivery['id']}@steno>"
        mail_channel(server, mail.port, user="steno", password="wrong")
        answer = server.request("POST", "/api/v1/channels/mail/test")[2]
        assert not answer["delivered"] and "refuses user or password" in answer["error"] and "wrong" not in answer["error"]
        assert "s3cret-pass" not in server.output()


def test_mail_never_goes_in_the_clear_unless_told(tmp_path):
    context, _ = certificate(tmp_path, "localhost")
    with Server(tmp_path / "data") as server, Mail() as mail, Mail(context) as unknown:
        mail_channel(server, mail.port)
        answer = server.request("POST", "/api/v1/channels/mail/test")[2]
        assert not answer["delivered"] and not mail.got
        mail_channel(server, mail.port, plain=True)
        assert server.request("POST", "/api/v1/channels/mail/test")[2]["delivered"]
        assert "A test of the channel mail" in mail.wait_for("test")[3]["subject"]
        mail_channel(server, unknown.port)  # nobody vouches for its certificate
        answer = server.request("POST", "/api/v1/channels/mail/test")[2]
        assert not answer["delivered"] and not unknown.got and "certificate" in answer["error"].lower()


def test_secrets_are_shown_once_and_never_again(server):
    with Hook() as receiver:
        made = put(server, "channels/ops", {"kind": "webhook", "url": receiver.url + "?token=hush-1"})
        secret = made["secret"]
        assert "hush-1" not in json.dumps(made)
        again = put(server, "channels/ops", {"kind": "webhook", "url": receiver.url + "?token=hush-1"})
        assert "secret" not in again
        put(server, "channels/team", {"kind": "slack", "url": "http://127.0.0.1:9/services/T0/hush-2"})
        put(server, "channels/mail", {"kind": "email", "url": "smtp://127.0.0.1:9", "from": "a@b.c", "to": "d@e.f",
                                      "user": "u", "password": "hush-3"})
        for name in ("ops", "team", "mail"):
            server.request("POST", f"/api/v1/channels/{name}/test")
        alert(server)
        record(server, 1, "failure")
        receiver.wait_for("WARNING")
        server.wait_for(lambda: len([d for d in deliveries(server) if d["attempts"]]) == 4 or None, "four attempts")
        shown = json.dumps([server.get(path)[2] for path in ("/api/v1/channels", "/api/v1/alerts", "/api/v1/deliveries", "/api/v1/status")])
        shown += server.output() + server.get("/metrics")[2].decode()
        for hidden in (secret, "hush-1", "hush-2", "hush-3"):
            assert hidden not in shown
        assert oct((server.data / "control.sqlite").stat().st_mode & 0o777) == "0o600"


def test_muted_and_grouped(server):
    with Hook() as receiver:
        hook(server, receiver)
        alert(server, group_by=["trace.agent"], channels=["ops"])
        muted = server.request("POST", "/api/v1/alerts/failures/mute", {"for": "1h", "reason": "planned"})[2]
        assert muted["state"] == "muted" and muted["mute_reason"] == "planned"
        record(server, 2, "failure", trace={"agent": "billing"})
        record(server, 1, "success", trace={"agent": "search"})
        events = server.wait_for(lambda: server.get("/api/v1/alerts/failures/history")[2]["events"] or None, "an event")
        assert events[0]["muted"] and events[0]["group"] == ["billing"] and not deliveries(server)
        server.request("POST", "/api/v1/alerts/failures/unmute", {})
        assert receiver.wait_for("WARNING: failures · billing")[2]["data"]["group"] == ["billing"]
        shown = server.get("/api/v1/alerts/failures")[2]
        assert put(server, "alerts/failures", shown)["group_by"] == ["trace.agent"]  # what is shown can be set
        groups = {tuple(g["group"]): g["level"] for g in shown["groups"]}
        assert groups == {("billing",): "warning", ("search",): "ok"}
        assert len(deliveries(server)) == 1


def test_a_preview_says_what_would_have_been_told(server):
    now = datetime.now(timezone.utc)
    for hours in range(1, 48):
        record(server, 10, "failure" if 20 <= hours < 24 else "success", at=now - timedelta(hours=hours))
    rule = {"metric": "failure_rate", "window": "60m", "warning": 0.5, "min_calls": 5, "every": "10m"}
    told = server.request("POST", "/api/v1/alerts/preview", {"rule": rule, "period": "48h"})[2]
    Contract(server.get("/api/v1/openapi.json")[2]).check(told, "POST", "/api/v1/alerts/preview")
    changes = [(e["from"], e["to"]) for e in told["events"] if e["to"] in ("ok", "warning")]
    assert sum(e["told"] for e in told["events"]) == told["notifications"]
    assert ("ok", "warning") in changes and ("warning", "ok") in changes and told["notifications"] == 2
    fired = next(e["at"] for e in told["events"] if e["to"] == "warning")
    began = now - timedelta(hours=23)
    assert timedelta() <= datetime.fromisoformat(fired[:19] + "+00:00") - began <= timedelta(minutes=11)
    assert told["every"] == "10m" and told["looked_from"] is None and told["more_events"] == 0 and not server.get("/api/v1/alerts")[2]["alerts"]
    shown = run("alerts", "preview", "--metric", "failure_rate", "--window", "60m", "--warning", "50%", "--min-calls", "5", "--every", "10m",
                "--period", "48h", "--server", server.url).stdout
    assert "looked at every 10m: 2 messages to each channel" in shown and "not below 50 %" in shown


def test_a_preview_that_could_never_judge_says_so(server):
    now = datetime.now(timezone.utc)
    record(server, 3, at=now - timedelta(hours=2))
    shown = run("alerts", "preview", "--metric", "failure_rate", "--window", "60m", "--warning", "5%", "--min-calls", "20", "--every", "10m",
                "--period", "24h", "--server", server.url).stdout
    assert "it could never be judged, in " in shown and "message" not in shown
    told = server.request("POST", "/api/v1/alerts/preview", {"rule": {"metric": "failure_rate", "window": "60m", "warning": 0.5, "min_calls": 3,
                                                                       "every": "10m"}, "period": "24h"})[2]
    assert told["judged"] == 6 and told["unknown"] == told["evaluations"] - 6 and told["because"] == "no calls in 60m"


def spend(server, amount, **more):
    return record(server, cost={"total": amount, "currency": "USD"}, **more)


def test_each_step_of_a_budget_is_told_once_whatever_dies(tmp_path):
    """Half of a budget is spent while the receiver fails and the server is killed; the rest after the restart."""
    data = tmp_path / "data"
    with Hook(503) as receiver:
        server = Server(data)
        hook(server, receiver)
        set_ = run("budgets", "set", "shop-month", "--limit", "10", "--per", "month", "--alert", "50,100", "--channel", "ops",
                   "--server", server.url).stdout
        assert "speaks up at 50 %, 100 %" in set_ and "told to   ops by the alert rule budget-shop-month" in set_
        rule = server.get("/api/v1/alerts/budget-shop-month")[2]
        Contract(server.get("/api/v1/openapi.json")[2]).check(rule, "GET", "/api/v1/alerts/{name}")
        assert rule["kind"] == "budget" and rule["budget"] == "shop-month" and rule["channels"] == ["ops"] and "at" not in rule
        put(server, "alerts/budget-shop-month", {**rule, "every": "1s"})  # what is shown can be set
        dear = spend(server, "5.000000000001")
        headers, _, message = receiver.wait_for("WARNING: budget-shop-month", answer=503)
        assert message["title"].startswith("WARNING: budget-shop-month · shop-month: 50 % is reached: $5.00 of $10.00 this month is spent (50.0 %)")
        told = message["data"]
        assert told["group"] == ["shop-month"] and told["threshold"] == 0.5 and told["samples"] == dear
        assert told["budget"]["spent"] == "5.000000000001" and told["budget"]["step"] == 50
        spend(server, "1")
        server.wait_for(lambda: deliveries(server)[0]["attempts"] or None, "attempt that failed")
        server.kill()
        receiver.answer = 200
        with Server(data) as server:
            again, _, _ = receiver.wait_for("WARNING: budget-shop-month", answer=200)
            assert again["webhook-id"] == headers["webhook-id"]
            spend(server, "5")
            receiver.wait_for("CRITICAL: budget-shop-month · shop-month: the limit is reached: $11.00")
            shown = run("alerts", "show", "budget-shop-month", "--server", server.url).stdout
            assert "budget shop-month: its own percentages" in shown and "the limit is reached" in shown and "critical" in shown
            changes = [(e["from"], e["to"], e["threshold"]) for e in server.get("/api/v1/alerts/budget-shop-month/history")[2]["events"]]
            assert changes[0] == ("warning", "critical", "1") and changes[1][1:] == ("warning", "0.5") and len(changes) == 2
        with Server(data) as server:
            server.wait_for(lambda: server.get("/api/v1/alerts/budget-shop-month")[2]["evaluated_at"], "an evaluation")
            assert len(deliveries(server)) == 2 and all(d["state"] == "delivered" for d in deliveries(server))
            assert "and its alert rule" in run("budgets", "remove", "shop-month", "--server", server.url).stdout
            assert not server.get("/api/v1/alerts")[2]["alerts"]


def test_rules_and_budgets_that_do_not_fit(server):
    refused = server.request("PUT", "/api/v1/alerts/x", {"kind": "budget", "budget": "nobody"}, expect=None)
    assert refused[0] == 400 and "no budget named" in refused[2]["detail"]
    put(server, "alerts/budget-shop", {"metric": "cost", "warning": 5})
    budget = "budgets", "set", "shop", "--server", server.url
    failed = run(*budget, "--limit", "5", "--channel", "log", check=False)
    assert failed.returncode != 0 and "watches something else" in failed.stderr
    server.get("/api/v1/budgets/shop", expect=404)  # nothing was changed
    run(*budget, "--limit", "5")
    assert "nobody is told: steno budgets set shop --alert" in run("budgets", "show", "shop", "--server", server.url).stdout
    server.request("DELETE", "/api/v1/alerts/budget-shop")
    assert "told to   all channels" in run(*budget, "--alert", "80%").stdout
    assert "and when it will not last" in run(*budget, "--projected", "--channel", "log").stdout
    rule = server.get("/api/v1/alerts/budget-shop")[2]
    assert rule["channels"] == ["log"] and rule["projected"] is True
    own = {"at": [90], "every": "30s", "tell_recovery": False, "description": "the shop's", "renotify": "4h"}
    put(server, "alerts/budget-shop", {**rule, **own})
    kept = ("description", "kind", "budget", "at", "projected", "every", "tell_recovery", "renotify", "severity")
    before = server.get("/api/v1/alerts/budget-shop")[2]
    assert {name: before[name] for name in own} == own
    put(server, "channels/other", {"kind": "webhook", "url": "http://127.0.0.1:9/"})
    run(*budget, "--channel", "other")
    after = server.get("/api/v1/alerts/budget-shop")[2]
    assert after["channels"] == ["other"] and [after.get(name) for name in kept] == [before.get(name) for name in kept]
    run(*budget, "--alert", "80")
    after = server.get("/api/v1/alerts/budget-shop")[2]
    assert "at" not in after and after["description"] == "the shop's" and after["every"] == "30s" and after["channels"] == ["other"]
    assert server.get("/api/v1/budgets/shop")[2]["soft"] == [80]
    assert "nobody is told" in run(*budget, "--no-alert").stdout
    for wrong in (("--alert", "80", "--soft", "50"), ("--alert", "0"), ("--alert", "soon"), ("--channel", "nobody")):
        assert run(*budget, *wrong, check=False).returncode != 0, wrong
    for wrong in (("--metric", "cost", "--warning", "5", "--at", "50"), ("--budget", "shop", "--any-budget"), ("--anomaly",),
                  ("--budget", "shop", "--metric", "cost"), ("--budget", "shop", "--window", "1h"), ("--any-budget", "--at", "none")):
        assert run("alerts", "set", "x", *wrong, "--server", server.url, check=False).returncode != 0, wrong


def test_an_hour_that_is_not_like_the_others(server):
    now = datetime.now(timezone.utc)
    hour = now.replace(minute=0, second=0, microsecond=0)
    calls = []
    for back in range(28 * 24):
        # The last whole hour, and the one under way, in case it ends meanwhile.
        for n in range(60 if back < 2 else 4):
            calls.append({"id": str(uuid.uuid4()), "kind": "chat", "status": "success",
                          "started_at": (hour - timedelta(hours=back)).isoformat().replace("+00:00", "Z"),
                          "model": {"requested": "gpt-4o-mini"}, "provider": {"name": "openai"}, "project": "shop" if n % 2 else "other"})
    for begin in range(0, len(calls), 500):
        server.request("POST", "/api/v1/calls", {"calls": calls[begin:begin + 500]}, {"content-type": "application/json"})
    with Hook() as receiver:
        hook(server, receiver)
        put(server, "alerts/odd", {"kind": "anomaly", "metric": "calls", "delay": "0s", "channels": ["ops"]})
        message = receiver.wait_for("CRITICAL: odd: calls from ")[2]
        told = message["data"]
        assert "is 60; expected 4, usual " in message["title"] and told["now"] == 60 and abs(told["expected"] - 4) < 1
        assert told["unit"] == "score" and told["value"] > 9 and told["high"] < 60 and len(told["samples"]) == 5
        contract = Contract(server.get("/api/v1/openapi.json")[2])
        shown = server.get("/api/v1/alerts/odd")[2]
        contract.check(shown, "GET", "/api/v1/alerts/{name}")
        assert shown["warning"] == 4.5 and shown["critical"] == 9 and "expected 4" in shown["groups"][0]["what"]
        text = run("alerts", "--server", server.url).stdout
        assert "unusual calls, score 4.5, score 9" in text and "critical" in text
        put(server, "alerts/new", {"kind": "anomaly", "metric": "cost", "filters": ["project=nobody"]})
        wait_for_state(server, "learning", "new")
        assert "0 of 14 days" in run("alerts", "show", "new", "--server", server.url).stdout
        preview = run("alerts", "preview", "--metric", "calls", "--anomaly", "--above", "--filter", "project=shop", "--delay", "0s", "--days", "7",
                      "--server", server.url).stdout
        assert "looked at every 1h: 1 message to each channel" in preview and "critical" in preview
        # Each project by itself.
        put(server, "alerts/each", {"kind": "anomaly", "metric": "calls", "group_by": ["project"], "delay": "0s", "channels": ["ops"]})
        messages = [receiver.wait_for(f"CRITICAL: each · {project}: calls from ")[2] for project in ("shop", "other")]
        assert [m["data"]["group"] for m in messages] == [["shop"], ["other"]] and all(m["data"]["now"] == 30 for m in messages)
        assert all(m["data"]["group_by"] == ["project"] and len(m["data"]["samples"]) == 5 for m in messages)
        shown = server.get("/api/v1/alerts/each")[2]
        contract.check(shown, "GET", "/api/v1/alerts/{name}")
        assert {tuple(group["group"]): group["level"] for group in shown["groups"]} == {("shop",): "critical", ("other",): "critical"}
        history = run("alerts", "history", "each", "--server", server.url).stdout
        assert "each · shop" in history and "each · other" in history
        preview = run("alerts", "preview", "--metric", "calls", "--anomaly", "--by", "project", "--delay", "0s", "--days", "7", "--server", server.url).stdout
        assert "2 messages to each channel" in preview and "preview · shop" in preview and "preview · other" in preview
        told = server.request("POST", "/api/v1/alerts/preview", {"name": "odd", "period": "20d"})[2]
        contract.check(told, "POST", "/api/v1/alerts/preview")
        assert told["unknown"] > 100 and told["because"].startswith("learning what is usual")


@pytest.mark.parametrize("body, word", [
    ({"kind": "anomaly", "metric": "cache_share"}, "not looked for"),
    ({"kind": "anomaly", "metric": "cost", "group_by": ["projekt"]}, "group_by"),
    ({"kind": "budget", "at": [50], "filters": ["project=x"]}, "filters"),
    ({"metric": "falure_rate", "warning": 1}, "did you mean failure_rate?"),
    ({"metric": "cost", "warning": 5, "critical": 1}, "beyond critical"),
    ({"metric": "cost", "warning": 5, "window": "2026-11"}, "window"),
    ({"metric": "cost", "warning": 5, "filters": ["modell=x"]}, "filters"),
    ({"metric": "cost", "warning": 5, "channels": ["nobody"]}, "there is no channel"),
    ({"metric": "cost", "warning": 5, "thresh": 1}, "no \\\"thresh\\\""),
    ({"metric": "share(x=1)", "warning": 0.5}, "x"), ({}, "metric"), ([], "object")])
def test_what_makes_no_sense_is_refused_with_a_word(server, body, word):
    status, _, answer = server.request("PUT", "/api/v1/alerts/x", body, expect=None)
    assert status == 400 and word in json.dumps(answer), answer
    assert not server.get("/api/v1/alerts")[2]["alerts"]


def test_names_and_bodies_of_strangers(server):
    for method, path, body in (("PUT", "alerts/A%20B", {"metric": "calls", "warning": 1}), ("PUT", "alerts/..%2Fx", {}),
                               ("GET", "alerts/none", None), ("DELETE", "alerts/none", None), ("PUT", "channels/log", {"kind": "log"}),
                               ("DELETE", "channels/log", None), ("POST", "channels/none/test", {}), ("POST", "alerts/none/mute", {"for": "1h"}),
                               ("POST", "alerts/preview", {"name": "none"}), ("POST", "alerts/preview", {}), ("GET", "deliveries?state=x", None),
                               ("GET", "alerts/none/history", None), ("GET", "alert-history?limit=0", None), ("PUT", "channels/x", {"kind": "pigeon"})):
        status, _, answer = server.request(method, "/api/v1/" + path, body, expect=None)
        assert 400 <= status < 500 and answer["detail"], (path, status, answer)
    alert(server, channels=["log"])
    for body in ({"for": "soon"}, {"until": "2020-01-01T00:00:00Z"}, {}, {"for": "1h", "until": "2199-01-01"}, {"hours": 2}):
        assert server.request("POST", "/api/v1/alerts/failures/mute", body, expect=None)[0] == 400


def test_a_channel_that_rules_name_stays(server):
    with Hook() as receiver:
        hook(server, receiver)
        alert(server, channels=["ops"])
        status, _, answer = server.request("DELETE", "/api/v1/channels/ops", expect=None)
        assert status >= 400 and "failures" in answer["detail"]
        assert server.request("DELETE", "/api/v1/alerts/failures")[2] == {"removed": "failures"}
        assert server.request("DELETE", "/api/v1/channels/ops")[2] == {"removed": "ops"}


def test_the_command_line_with_and_without_a_server(tmp_path):
    data = tmp_path / "data"
    run("demo", "--data", data, "--calls", "2000", "--seed", "4", "--days", "20")
    here = "--data", data
    assert "no alert rules yet" in run("alerts", *here).stdout
    added = run("alerts", "add-defaults", *here).stdout
    assert added.count("added") == 7 and run("alerts", "add-defaults", *here).stdout.count("kept") == 7
    assert "Nobody evaluates them now" in run("alerts", *here).stdout
    rules = json.loads(run("alerts", "--json", *here).stdout)["alerts"]
    assert {rule["state"] for rule in rules} == {"waiting"}
    shown = run("alerts", "set", "mine", "--metric", "duration_p95", "--by", "trace.agent", "--warning", "1.5s", "--critical", "30s",
                "--filter", "project=shop", "--window", "24h", "--min-calls", "5", *here).stdout
    assert "duration_p95 ≥ 1500 ms, 30.0 s" in shown and "trace.agent" in shown
    told = run("alerts", "preview", "mine", "--days", "20", *here).stdout
    assert re.search(r"it could never be judged, in [\d,]+ looks?: no calls", told)  # the demo has no such project
    refused = run("alerts", "set", "bad", "--metric", "cost", *here, check=False)
    assert refused.returncode == 2 and "no threshold" in refused.stderr
    with Server(data) as server, Hook() as receiver:
        there = "--server", server.url
        made = run("alerts", "channels", "set", "ops", "--webhook", receiver.url, *there).stdout
        assert "whsec_" in made and "steno alerts test ops" in made
        assert "delivered in" in run("alerts", "test", "ops", *there).stdout
        assert receiver.wait_for("A test of the channel ops")[2]["type"] == "test"
        listed = run("alerts", "channels", "list", *there).stdout
        assert receiver.url.removesuffix("/hook") in listed and "/hook" not in listed  # a path may be a secret
        run("alerts", "set", "any", "--metric", "calls", "--window", "1h", "--warning", "1", "--every", "1s", *there)
        record(server)
        receiver.wait_for("WARNING: any")
        assert "warning" in run("alerts", *there).stdout and "calls in 1h is " in run("alerts", "history", "any", *there).stdout
        assert "delivered" in run("alerts", "deliveries", *there).stdout
        assert "muted until" in run("alerts", "mute", "any", "--for", "2h", *there).stdout
        assert "muted" in run("alerts", "show", "any", *there).stdout
        run("alerts", "unmute", "any", *there)
        run("alerts", "remove", "any", *there)
        assert "\nany " not in run("alerts", *there).stdout
        receiver.answer = 500
        failed = run("alerts", "test", "ops", *there, check=False)
        assert failed.returncode != 0 and "status 500" in failed.stdout
        run("alerts", "channels", "remove", "ops", *there)


def test_a_control_database_that_is_damaged_stops_alerts_and_nothing_else(tmp_path):
    data = tmp_path / "data"
    with Server(data):
        pass
    (data / "control.sqlite").write_bytes(b"this is no database, and long enough to be looked at" * 100)
    for extra in data.glob("control.sqlite-*"):
        extra.unlink()
    with Server(data) as server:
        record(server)
        assert len(server.calls()) == 1
        status, _, answer = server.get("/api/v1/alerts", expect=None)
        assert status >= 400 and "alerts cannot be used" in answer["detail"] and re.search("alerts.* cannot be used", server.output())
        assert "steno_alerts_firing" not in server.get("/metrics")[2].decode()
