"""Blobs get into the in-memory registry as the distribution-spec says."""

import pytest

from lamina.oci.digest import Digest
from lamina.testing.registry import Choices, InMemoryRegistry
from tests.support.raw_http import ask
from tests.testing.asking import BLOB, NAME, UPLOADS, code, keep, start


class TestUploads:
    def test_post_then_put_stores_a_blob(self, registry: InMemoryRegistry) -> None:
        location = start(registry).headers["location"]

        said = ask(registry.address, "PUT", f"{location}?digest={Digest.of(BLOB)}", BLOB)

        assert said.status == 201
        assert said.headers["docker-content-digest"] == str(Digest.of(BLOB))
        assert said.headers["location"].endswith(f"/v2/{NAME}/blobs/{Digest.of(BLOB)}")
        assert registry.repositories[NAME].blobs == {Digest.of(BLOB): BLOB}
        assert registry.repositories[NAME].uploads == {}
        assert registry.uploads() == (Digest.of(BLOB),)

    def test_a_body_may_come_in_chunks_of_http(self, registry: InMemoryRegistry) -> None:
        location = start(registry).headers["location"]

        said = ask(
            registry.address, "PUT", f"{location}?digest={Digest.of(BLOB)}", [BLOB[:3], BLOB[3:]]
        )

        assert said.status == 201

    def test_other_bytes_than_the_digest_says_are_refused_and_forgotten(
        self, registry: InMemoryRegistry
    ) -> None:
        location = start(registry).headers["location"]

        said = ask(registry.address, "PUT", f"{location}?digest={Digest.of(b'other')}", BLOB)

        assert (said.status, code(said)) == (400, "DIGEST_INVALID")
        assert registry.uploads() == ()
        assert ask(registry.address, "GET", location).status == 404

    def test_an_upload_without_a_digest_is_not_finished(self, registry: InMemoryRegistry) -> None:
        location = start(registry).headers["location"]

        assert ask(registry.address, "PUT", location, BLOB).status == 400

    def test_one_post_may_carry_the_whole_blob(self, registry: InMemoryRegistry) -> None:
        said = start(registry, f"?digest={Digest.of(BLOB)}", BLOB)

        assert said.status == 201
        assert registry.uploads() == (Digest.of(BLOB),)

    def test_a_registry_may_open_an_upload_instead(self) -> None:
        with InMemoryRegistry(choices=Choices(accepts_single_post=False)) as registry:
            said = start(registry, f"?digest={Digest.of(BLOB)}", BLOB)

            assert said.status == 202
            assert said.headers["location"]
            assert registry.uploads() == ()

    def test_a_blob_is_mounted_from_a_repository_that_has_it(
        self, registry: InMemoryRegistry
    ) -> None:
        digest = keep(registry, name="other")

        said = start(registry, f"?mount={digest}&from=other")

        assert said.status == 201
        assert registry.repositories[NAME].blobs == {digest: BLOB}
        assert registry.uploads() == ()

    @pytest.mark.parametrize("source", ["&from=other", ""])
    def test_a_mount_of_what_is_not_there_opens_an_upload(
        self, registry: InMemoryRegistry, source: str
    ) -> None:
        said = start(registry, f"?mount={Digest.of(BLOB)}{source}")

        assert said.status == 202
        assert said.headers["location"].startswith(UPLOADS)

    def test_chunks_in_order_make_a_blob(self, registry: InMemoryRegistry) -> None:
        location = start(registry).headers["location"]

        first = ask(registry.address, "PATCH", location, BLOB[:5], headers={"Content-Range": "0-4"})
        location = first.headers["location"]
        second = ask(
            registry.address, "PATCH", location, BLOB[5:], headers={"Content-Range": "5-10"}
        )
        location = second.headers["location"]
        done = ask(registry.address, "PUT", f"{location}?digest={Digest.of(BLOB)}")

        assert [first.status, second.status, done.status] == [202, 202, 201]
        assert [first.headers["range"], second.headers["range"]] == ["0-4", "0-10"]
        assert registry.repositories[NAME].blobs[Digest.of(BLOB)] == BLOB

    def test_the_last_chunk_may_come_with_the_end(self, registry: InMemoryRegistry) -> None:
        location = start(registry).headers["location"]
        ask(registry.address, "PATCH", location, BLOB[:5])

        said = ask(
            registry.address,
            "PUT",
            f"{location}?digest={Digest.of(BLOB)}",
            BLOB[5:],
            headers={"Content-Range": "5-10"},
        )

        assert said.status == 201

    @pytest.mark.parametrize("content_range", ["6-10", "0-4", "5-9", "5-", "bytes 5-10/11"])
    def test_a_chunk_out_of_order_is_refused_and_the_place_told(
        self, registry: InMemoryRegistry, content_range: str
    ) -> None:
        location = start(registry).headers["location"]
        ask(registry.address, "PATCH", location, BLOB[:5])

        said = ask(
            registry.address, "PATCH", location, BLOB[5:], headers={"Content-Range": content_range}
        )

        assert said.status == 416
        assert said.headers["range"] == "0-4"
        assert said.headers["location"] == location

    def test_how_far_an_upload_is_can_be_asked(self, registry: InMemoryRegistry) -> None:
        location = start(registry).headers["location"]
        ask(registry.address, "PATCH", location, BLOB[:5])

        said = ask(registry.address, "GET", location)

        assert (said.status, said.headers["range"]) == (204, "0-4")

    def test_an_upload_can_be_given_up(self, registry: InMemoryRegistry) -> None:
        location = start(registry).headers["location"]

        assert ask(registry.address, "DELETE", location).status == 204

        said = ask(registry.address, "PUT", f"{location}?digest={Digest.of(BLOB)}", BLOB)
        assert (said.status, code(said)) == (404, "BLOB_UPLOAD_UNKNOWN")

    def test_a_shorter_chunk_than_announced_has_to_be_the_last(self) -> None:
        with InMemoryRegistry(choices=Choices(least_chunk=5)) as registry:
            said = start(registry)
            location = said.headers["location"]
            statuses = [
                ask(registry.address, "PATCH", location, chunk).status
                for chunk in (b"12345", b"6", b"7")
            ]

        assert said.headers["oci-chunk-min-length"] == "5"
        assert statuses == [202, 202, 400]

    def test_a_location_may_be_absolute_and_names_the_host_that_was_asked(self) -> None:
        with InMemoryRegistry(choices=Choices(location="absolute")) as registry:
            said = ask(registry.address, "POST", UPLOADS, b"", headers={"Host": "example.test:5"})

        assert said.headers["location"].startswith(f"http://example.test:5{UPLOADS}")

    def test_the_state_in_a_location_has_to_come_back_as_it_was(self) -> None:
        with InMemoryRegistry(choices=Choices(has_upload_state=True)) as registry:
            first = start(registry).headers["location"]
            second = ask(registry.address, "PATCH", first, BLOB).headers["location"]
            stale = ask(registry.address, "GET", first)
            rewritten = ask(registry.address, "GET", second.replace("%3A", ":"))
            said = ask(registry.address, "PUT", f"{second}&digest={Digest.of(BLOB)}")

        assert "?_state=" in second
        assert (stale.status, code(stale)) == (404, "BLOB_UPLOAD_INVALID")
        assert rewritten.status == 404
        assert said.status == 201
