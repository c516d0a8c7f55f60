"""Challenges are read as RFC 9110 writes them, whatever else a server sends."""

from hypothesis import given
from hypothesis import strategies as st

from lamina.registry.challenge import Challenge, parse_challenges


def test_a_bearer_challenge_has_its_parameters() -> None:
    header = 'Bearer realm="https://a.example/token?x=1,2",service="r",scope="repository:a:pull"'

    (found,) = parse_challenges(header)

    assert found == Challenge(
        scheme="bearer",
        parameters={
            "realm": "https://a.example/token?x=1,2",
            "service": "r",
            "scope": "repository:a:pull",
        },
    )


def test_several_challenges_come_in_one_header() -> None:
    found = parse_challenges('Negotiate, BASIC realm="a \\"b\\"" , Bearer realm=https://c/t')

    assert [challenge.scheme for challenge in found] == ["negotiate", "basic", "bearer"]
    assert found[1].parameters == {"realm": 'a "b"'}
    assert found[2].parameters == {"realm": "https://c/t"}


@given(st.text(max_size=200))
def test_any_header_is_read_or_ends_the_list(header: str) -> None:
    assert all(challenge.scheme for challenge in parse_challenges(header))
