"""All that may befall one request, by name."""

from __future__ import annotations

from tests.registries.proxy import Action, Mischief, Reply

NOWHERE = "http://192.0.2.1/storage"  # RFC 5737: for documentation, answers to nobody; and plain HTTP besides


def refusal(status: int, code: str, *headers: tuple[str, str]) -> Reply:
    body = f'{{"errors":[{{"code":"{code}","message":"said the proxy"}}]}}'.encode()
    return Reply(status, (("Content-Type", "application/json"), *headers), body)


FAULTS: dict[str, Action] = {
    "reset": Mischief.RESET,
    "reset afterwards": Mischief.RESET_AFTERWARDS,
    "truncation": Mischief.TRUNCATION,
    "corruption": Mischief.CORRUPTION,
    "upload corruption": Mischief.UPLOAD_CORRUPTION,
    "429 Retry-After": refusal(429, "TOOMANYREQUESTS", ("Retry-After", "1")),
    "429": refusal(429, "TOOMANYREQUESTS"),
    "500": refusal(500, "UNKNOWN"),
    "503 with a page": Reply(
        503, (("Content-Type", "text/html"), ("Retry-After", "x")), b"<html>be back soon\n</html>"
    ),
    "401": refusal(401, "UNAUTHORIZED", ("WWW-Authenticate", 'Basic realm="tests"')),
    "401 without a challenge": refusal(401, "UNAUTHORIZED"),
    "403": refusal(403, "DENIED"),
    "404": refusal(404, "UNSUPPORTED"),
    "slow": Mischief.SLOW,
    "stall": Mischief.STALL,
    "stall halfway": Mischief.STALL_HALFWAY,
    "lying digest": Mischief.LYING_DIGEST,
    "too long": Mischief.TOO_LONG,
    "too short": Mischief.TOO_SHORT,
    "garbage": Mischief.GARBAGE,
    "a page": Reply(200, (("Content-Type", "text/html"),), b"<html>Sign in to the airport's network\n</html>"),
    "redirect to nowhere": Reply(307, (("Location", NOWHERE),)),
    "redirect to nothing": Reply(307),
    "redirect to a non-address": Reply(307, (("Location", "http://[::1/"),)),
}
HARMLESS = {"slow"}
# What a second try mends, and every request of a copy can be tried again.
REPAIRED = HARMLESS | {
    "reset",
    "reset afterwards",
    "truncation",
    "429 Retry-After",
    "429",
    "500",
    "503 with a page",
    "stall",
    "stall halfway",
}
# What does not look like a fault to whoever does not check.
SUBTLE = ("reset afterwards", "corruption", "lying digest", "a page")
