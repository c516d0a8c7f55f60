"""A build that is killed leaves the old image or the new one, and the next build is right."""

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.conftest import DRIVER, Scene

BUDGET_S = 15


def assert_recovers(scene: Scene) -> None:
    """Check that the store is sound, the layout old or new, and the next build right."""
    scene.assert_store_is_sound()
    assert scene.published() in {scene.old_digest, scene.new_digest}
    again = scene.build()
    assert (again.code, again.out.strip()) == (0, scene.new_digest), again.err
    assert scene.published() == scene.new_digest


@pytest.mark.parametrize("part", range(4))
@pytest.mark.slow
def test_a_build_killed_before_any_change_of_the_disk_spoils_nothing(
    original: Scene, part: int
) -> None:
    """Every file opened for writing, rename, link, folder and removal is a point of death."""
    counted = original.copy(f"counted-{part}").build_with_fault("count", 0)
    points = int(counted.stdout.splitlines()[-1])

    for point in range(1 + part, points, 4):
        scene = original.copy(f"killed-{part}-{point}")
        done = scene.build_with_fault("kill-at", point)
        assert done.returncode in {-signal.SIGKILL, 0}, done.stderr
        assert "Traceback" not in done.stderr
        assert_recovers(scene)

    assert points > 50


@pytest.mark.slow
def test_a_build_killed_at_any_time_spoils_nothing(original: Scene) -> None:
    """Random moments, one scene after another, for at most a quarter of a minute."""
    moments = random.Random(7)
    start, kills = time.monotonic(), 0

    while time.monotonic() - start < BUDGET_S:
        scene = original.copy(f"random-{kills}")
        command = [sys.executable, str(DRIVER), "none", "0", *scene.words]
        with subprocess.Popen(
            command, env=scene.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(moments.uniform(0.08, 0.35))
            process.kill()
        kills += 1
        assert_recovers(scene)

    assert kills > 10


@pytest.mark.slow
def test_a_store_that_is_killed_again_and_again_gives_the_right_image(scene: Scene) -> None:
    """What one dead build leaves does not add up to something wrong."""
    for point in (9, 17, 25, 33, 41, 49, 57):
        scene.build_with_fault("kill-at", point)

    assert_recovers(scene)


def test_two_builds_in_one_store_at_once_give_the_same_image(scene: Scene) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: scene.build_with_fault("none", 0), range(2)))

    assert [done.returncode for done in both] == [0, 0], both
    assert {done.stdout.strip() for done in both} == {scene.new_digest}
    assert_recovers(scene)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_build_that_is_stopped_leaves_no_traceback(scene: Scene, number: int) -> None:
    command = [sys.executable, str(DRIVER), "none", "0", *scene.words]
    with subprocess.Popen(
        command, env=scene.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(number)
        _, rest = process.communicate(timeout=20)

    assert process.returncode in {0, 130, -signal.SIGTERM}
    assert "Traceback" not in first + rest
    assert_recovers(scene)
