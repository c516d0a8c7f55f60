"""Advisories are asked for once a day, and whatever could not be learnt is not called clean."""

from collections.abc import Iterator

import pytest

from lamina.errors import NetworkError
from lamina.http.client import HttpClient
from lamina.http.retry import Retries, RetryPolicy
from lamina.http.settings import HttpSettings
from lamina.scan.advisory import IndexAdvisories, OsvAdvisories, json_root
from lamina.scan.ask import Asker
from lamina.scan.finding import Finding, Outcome
from lamina.scan.foreign import not_looked_for
from lamina.scan.metadata import Distribution
from lamina.scan.vulnerabilities import Remembered, scan_vulnerabilities
from tests.scan.advisory_server import AdvisoryServer, row
from tests.scan.bench import Notes, ids, inventory_of, means
from tests.scan.bench import scan as scan_it
from tests.scan.planted import installed
from tests.support.synthetic import file, image_of

JINJA = Distribution(name="jinja2", version="2.11.2")
SIX = Distribution(name="six", version="1.17.0")
DAY = 24 * 3600
RELEASES = {
    ("jinja2", "2.11.2"): [row("PYSEC-2021-66", aliases=("CVE-2020-28493",), fixed=("2.11.3",))],
    ("six", "1.17.0"): [],
}


@pytest.fixture
def server() -> Iterator[AdvisoryServer]:
    with AdvisoryServer(RELEASES) as found:
        yield found


def asker(**fields: object) -> Asker:
    retries = Retries(policy=RetryPolicy(attempts=3), sleep=lambda _: None)
    return Asker(exchange=HttpClient(HttpSettings()), retries=retries, **fields)  # type: ignore[arg-type]


def scan(server: AdvisoryServer, *found: Distribution, own: tuple[str, ...] = ()) -> Outcome:
    advisories = IndexAdvisories(asker(), server.simple_url)
    return scan_vulnerabilities(found, advisories, own=frozenset(own))


def test_an_index_knows_what_is_wrong_with_a_version(server: AdvisoryServer) -> None:
    outcome = scan(server, JINJA, SIX)

    assert outcome.state == "findings"
    assert outcome.findings == (
        Finding(
            rule="PYSEC-2021-66",
            subject="jinja2 2.11.2",
            severity="high",
            text="jinja2 2.11.2 is vulnerable: The details of PYSEC-2021-66. (severity not stated)",
            aliases=("CVE-2020-28493",),
            hint="fixed in 2.11.3",
            link="https://osv.dev/vulnerability/PYSEC-2021-66",
        ),
    )


def test_versions_without_advisories_are_clean(server: AdvisoryServer) -> None:
    outcome = scan(server, SIX)

    assert outcome.state == "clean"
    assert outcome.coverage == f"1 distributions, advisories of the index at {server.origin}/pypi"


def test_an_unknown_version_was_not_scanned_and_the_others_were(server: AdvisoryServer) -> None:
    outcome = scan(server, JINJA, Distribution(name="house", version="1"))

    assert (outcome.state, ids(outcome)) == ("not scanned", ["PYSEC-2021-66:jinja2 2.11.2"])
    assert outcome.reason.startswith("1 of 2 distributions are unknown")


def test_an_index_without_versions_is_not_green(server: AdvisoryServer) -> None:
    """pip-audit says "no known vulnerabilities", and exits with 0, of the same index."""
    outcome = scan(server, *(Distribution(name=f"toy{n}", version="1") for n in range(3)))

    assert outcome.state == "not scanned"
    assert "knows none of the 3 distributions by version" in outcome.reason


def test_an_index_that_knows_nothing_is_not_asked_a_hundred_times(server: AdvisoryServer) -> None:
    outcome = scan(server, *(Distribution(name=f"toy{n:03}", version="1") for n in range(107)))

    assert outcome.state == "not scanned"
    assert "knows none of the 8 distributions of 107 that it was asked about" in outcome.reason
    assert "LAMINA_OSV_URL" in outcome.reason
    assert outcome.coverage.startswith("0 distributions")
    assert len(server.asked) == 8


def test_an_index_that_knows_some_of_the_first_is_asked_about_all(server: AdvisoryServer) -> None:
    """What an index does not know may be many in a row: those asked first are taken from all."""
    private = [Distribution(name=f"house{n:02}", version="1") for n in range(90)]
    public = [Distribution(name=f"toy{n:02}", version="1") for n in range(20)]
    server.releases = {(one.name, one.version): [] for one in public}
    server.releases[("toy07", "1")] = [row("PYSEC-7")]

    outcome = scan(server, *private, *public)

    assert ids(outcome) == ["PYSEC-7:toy07 1"]
    assert len(server.asked) == 110


@pytest.mark.parametrize("count", [1, 7, 8, 9, 15, 16, 17, 107])
def test_each_distribution_is_asked_for_once(server: AdvisoryServer, count: int) -> None:
    names = [f"toy{n:03}" for n in range(count)]
    server.releases = {(name, "1"): [] for name in names}

    outcome = scan(server, *(Distribution(name=name, version="1") for name in names))

    assert outcome.state == "clean"
    assert sorted(server.asked) == [f"/pypi/{name}/1/json" for name in names]


def test_nobody_else_is_asked_about_what_is_ones_own(server: AdvisoryServer) -> None:
    outcome = scan(server, SIX, Distribution(name="house", version="1"), own=("house",))

    assert outcome.state == "clean"
    assert "not asked about, as your own: house" in outcome.coverage
    assert not any("house" in path for path in server.asked)


@pytest.mark.parametrize("status", [500, 503, 403, 401, 302])
def test_a_server_that_refuses_leaves_it_not_scanned(server: AdvisoryServer, status: int) -> None:
    server.status = status

    assert scan(server, JINJA).state == "not scanned"


def test_a_busy_server_is_asked_three_times_and_a_refusal_is_final(server: AdvisoryServer) -> None:
    server.status = 503
    scan(server, JINJA)
    busy, server.status = len(server.asked), 403

    scan(server, JINJA)

    assert (busy, len(server.asked)) == (3, 4)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"vulnerabilities": 5}', b"[" * 100_000, b"null"]
)
def test_an_answer_that_is_none_leaves_it_not_scanned(server: AdvisoryServer, body: bytes) -> None:
    server.body = body

    assert scan(server, JINJA).state == "not scanned"


def test_hostile_rows_are_passed_over(server: AdvisoryServer) -> None:
    server.body = (
        b'{"vulnerabilities": [5, {}, {"id": "a b\\n"}, {"id": "X-1", "aliases": 5, "fixed_in": '
        b'{"a": 1}, "link": "javascript:1", "details": ["x"]}, {"id": "X-2", "withdrawn": "2021"}]}'
    )

    (finding,) = scan(server, JINJA).findings

    assert (finding.rule, finding.link, finding.aliases) == ("X-1", "", ())


def test_two_names_of_one_vulnerability_are_one_finding(server: AdvisoryServer) -> None:
    server.releases = {("six", "1.17.0"): [row("PYSEC-1", aliases=("CVE-1",)), row("CVE-1")]}

    assert ids(scan(server, SIX)) == ["PYSEC-1:six 1.17.0"]


def test_a_server_that_sends_us_elsewhere_is_not_followed(server: AdvisoryServer) -> None:
    with AdvisoryServer(RELEASES) as other:
        server.moved_to = other.origin
        advisories = IndexAdvisories(asker(credentials=_login(server)), server.simple_url)

        outcome = scan_vulnerabilities([JINJA], advisories, own=frozenset())

    assert (outcome.state, other.asked) == ("not scanned", [])


def test_the_login_of_an_index_goes_to_its_own_origin(server: AdvisoryServer) -> None:
    advisories = IndexAdvisories(asker(credentials=_login(server)), server.simple_url)

    advisories.about("six", "1.17.0")

    assert server.logins == ["Basic bWU6aHVudGVyMjI="]


def test_a_login_in_the_address_is_never_shown() -> None:
    advisories = IndexAdvisories(asker(), "http://me:hunter22@127.0.0.1:1/simple")

    outcome = scan_vulnerabilities([JINJA], advisories, own=frozenset())

    assert outcome.state == "not scanned"
    assert "hunter22" not in f"{outcome}{advisories.name}"


def test_without_anybody_to_ask_it_is_not_scanned() -> None:
    outcome = scan_vulnerabilities([JINJA], None, own=frozenset())

    assert "no index is configured" in outcome.reason


def test_an_answer_is_good_for_a_day(server: AdvisoryServer) -> None:
    notes, source = Notes(), IndexAdvisories(asker(), server.simple_url)

    def about(now: float) -> int:
        remembered = Remembered(source=source, memory=notes, now=now)
        assert [one.id for one in remembered.about("jinja2", "2.11.2") or ()] == ["PYSEC-2021-66"]
        return len(server.asked)

    assert [about(0), about(DAY - 1), about(DAY), about(DAY + 1), about(0)] == [1, 1, 2, 2, 3]


def test_an_unknown_distribution_is_asked_for_again(server: AdvisoryServer) -> None:
    source = IndexAdvisories(asker(), server.simple_url)
    remembered = Remembered(source=source, memory=Notes(), now=0)

    assert [remembered.about("house", "1"), remembered.about("house", "1")] == [None, None]
    assert len(server.asked) == 2


def test_offline_what_was_learnt_today_counts_and_nothing_else(server: AdvisoryServer) -> None:
    notes, source = Notes(), IndexAdvisories(asker(), server.simple_url)
    Remembered(source=source, memory=notes, now=0).about("six", "1.17.0")
    offline = Remembered(source=source, memory=notes, now=1, is_offline=True)

    assert scan_vulnerabilities([SIX], offline, own=frozenset()).state == "clean"
    assert "offline" in scan_vulnerabilities([JINJA], offline, own=frozenset()).reason
    assert len(server.asked) == 1


@pytest.mark.parametrize("row", [5, [], {"at": 0}, {"at": 0, "advisories": [{"id": 1}]}])
def test_a_memory_of_another_kind_counts_as_none(server: AdvisoryServer, row: object) -> None:
    source = IndexAdvisories(asker(), server.simple_url)
    notes = Notes({("advisories", f"{source.name}\nsix\n1.17.0"): row})

    assert Remembered(source=source, memory=notes, now=0).about("six", "1.17.0") == ()


def test_osv_says_how_bad_it_is_and_what_fixes_it() -> None:
    known = {
        "id": "GHSA-1",
        "aliases": ["CVE-1"],
        "summary": "A hole",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [
            {"ranges": [{"type": "GIT", "events": [{"fixed": "abc"}]},
                        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}
        ],
        "references": [{"type": "WEB", "url": "https://a.example/1"}],
    }  # fmt: skip
    with AdvisoryServer({}, osv={("six", "1.17.0"): [known]}) as server:
        advisories = OsvAdvisories(asker(), server.origin)
        (finding,) = scan_vulnerabilities([SIX], advisories, own=frozenset()).findings

        assert advisories.about("house", "1") == ()

    assert (finding.severity, finding.hint) == ("critical", "fixed in 2")
    assert finding.text == "six 1.17.0 is vulnerable: A hole"


def test_what_osv_calls_moderate_is_medium_whatever_the_vector() -> None:
    rows = [{"id": "G-1", "database_specific": {"severity": "MODERATE"}}]
    with AdvisoryServer({}, osv={("six", "1.17.0"): rows}) as server:
        (found,) = OsvAdvisories(asker(), server.origin).about("six", "1.17.0") or ()

    assert found.severity == "medium"


def test_pages_without_end_are_given_up() -> None:
    with AdvisoryServer({}) as server:
        server.body = b'{"vulns": [], "next_page_token": "again"}'

        with pytest.raises(NetworkError, match="pages"):
            OsvAdvisories(asker(), server.origin).about("six", "1.17.0")

    assert len(server.asked) == 20


@pytest.mark.parametrize(
    ("simple", "root"),
    [
        ("https://index.example.org/simple", "https://index.example.org/pypi"),
        ("https://index.example.org/simple/", "https://index.example.org/pypi"),
        ("https://a.example/api/pypi/team/simple", "https://a.example/api/pypi/team/pypi"),
        ("https://a.example/root/dev/+simple/", "https://a.example/root/dev/pypi"),
    ],
)
def test_the_json_api_is_beside_the_simple_one(simple: str, root: str) -> None:
    assert json_root(simple) == root


def _login(server: AdvisoryServer) -> dict[str, tuple[str, str]]:
    return {server.origin: ("me", "hunter22")}


def test_packages_of_other_languages_are_named_as_not_looked_for() -> None:
    """An image of Node alone is not clean of vulnerabilities because it has no distribution."""
    rows = [
        file("app/node_modules/left-pad/package.json", b"{}"),
        file("app/node_modules/@a/b/package.json", b"{}"),
        file("opt/conda/conda-meta/zlib-1.json", b"{}"),
    ]
    image, content = image_of([rows])
    (outcome,) = scan_it(image, content, means(), only=["vulnerabilities"])

    assert outcome.coverage == (
        "0 distributions; not looked for: packages of Node (2), packages of conda (1), "
        "what is compiled into programs, as Go and Rust do"
    )


def test_of_an_image_of_distributions_nothing_more_is_said() -> None:
    inventory = inventory_of([installed("toy", "1.0")])

    assert not_looked_for(inventory.tree, found=1) == ""
