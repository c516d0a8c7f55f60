"""Modes, owners and the image's user are judged as the finished image has them."""

import pytest

from lamina.oci.config import RuntimeConfig
from lamina.scan.finding import Outcome
from lamina.scan.permissions import scan_permissions
from tests.scan.bench import ids, inventory_of
from tests.support.synthetic import Row, file, folder, gone, link

SITE = "opt/venv/lib/python3.11/site-packages"
PASSWD = file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nboss:x:0:0::/:/bin/sh\n"
              b"app:x:1000:1001::/app:/bin/sh\nbroken\n")  # fmt: skip
GROUP = file("etc/group", b"root:x:0:\nteam:x:1005:\n")


def scan(*layers: list[Row], user: str = "1000") -> Outcome:
    return scan_permissions(inventory_of(*layers), RuntimeConfig(user=user))


@pytest.mark.parametrize("user", ["", "0", "root", "0:0", "root:root", "boss", ":team"])
def test_these_are_root(user: str) -> None:
    assert ids(scan([PASSWD, GROUP], user=user)) == ["config/root-user:USER"]


@pytest.mark.parametrize("user", ["1000", "app", "nobody-knows", "65532:65532", "app:team"])
def test_these_are_not(user: str) -> None:
    assert ids(scan([PASSWD, GROUP], user=user)) == []


def test_a_bit_that_a_later_layer_takes_away_is_away() -> None:
    found = scan([file("bin/a", mode=0o4755), file("bin/b", mode=0o4755)],
                 [file("bin/a", mode=0o755), gone("bin/b")])  # fmt: skip

    assert ids(found) == []


def test_another_name_of_a_file_gives_the_same_rights_away() -> None:
    rows = [file("bin/a", mode=0o4755), link("bin/b", "bin/a", is_hard=True)]
    rows[1][0].mode = 0o4755

    assert ids(scan(rows, [gone("bin/a")])) == ["permission/setuid:/bin/b"]


def test_a_sticky_folder_may_be_shared_and_links_have_no_mode() -> None:
    rows = [folder("tmp", mode=0o1777), link("a", "tmp")]
    rows[1][0].mode = 0o777

    assert ids(scan(rows)) == []


def test_a_folder_for_all_is_found_and_its_layer_named() -> None:
    (finding,) = scan([folder("srv")], [folder("srv", mode=0o777)]).findings

    assert (finding.id, finding.place.layer) == ("permission/world-writable:/srv", 2)


@pytest.mark.parametrize(
    ("user", "row"),
    [
        ("1000", file(f"{SITE}/toy.py", uid=1000)),
        ("app", folder(f"{SITE}/toy", uid=1000)),
        ("5:1001", folder(SITE, gid=1001, mode=0o775)),
        ("app", file(f"{SITE}/toy.py", gid=1001, mode=0o664)),
        ("7:team", folder(SITE, gid=1005, mode=0o775)),
    ],
)
def test_code_that_the_images_user_may_change_is_found_once(user: str, row: Row) -> None:
    again = file(f"{SITE}/other.py", uid=row[0].uid, gid=row[0].gid, mode=row[0].mode)

    assert ids(scan([PASSWD, GROUP, row, again], user=user)) == [
        f"permission/writable-site-packages:/{SITE}"
    ]


def test_code_that_belongs_to_root_is_not_writable() -> None:
    rows = [folder(SITE), file(f"{SITE}/toy.py", mode=0o644)]

    assert ids(scan(rows, user="1000")) == []


def test_a_number_that_no_machine_can_hold_is_no_traceback() -> None:
    assert ids(scan([PASSWD], user="9" * 50)) == []
