"""The in-memory registry checks manifests, and lists tags and referrers."""

import json

import pytest

from lamina.oci import media_type
from lamina.oci.digest import Digest
from lamina.testing.registry import Choices, InMemoryRegistry
from tests.support.raw_http import Said, ask
from tests.testing.asking import BLOB, NAME, code, keep, manifest_of, put_manifest


class TestManifests:
    def test_a_manifest_is_found_by_tag_and_by_digest(self, registry: InMemoryRegistry) -> None:
        keep(registry)
        data = manifest_of(BLOB)

        put = put_manifest(registry, "v1", data)

        digest = put.headers["docker-content-digest"]
        assert put.status == 201
        assert put.headers["location"].endswith(f"/v2/{NAME}/manifests/{Digest.of(data)}")
        assert registry.repositories[NAME].tags == {"v1": Digest.of(data)}
        for reference in ("v1", digest):
            got = ask(registry.address, "GET", f"/v2/{NAME}/manifests/{reference}")
            assert (got.status, got.body) == (200, data)
            assert got.headers["content-type"] == media_type.MANIFEST
            head = ask(registry.address, "HEAD", f"/v2/{NAME}/manifests/{reference}")
            assert (head.status, head.body) == (200, b"")
            assert head.headers["content-length"] == str(len(data))
            assert head.headers["docker-content-digest"] == digest

    @pytest.mark.parametrize("reference", ["v1", str(Digest.of(b""))])
    def test_a_missing_manifest_is_unknown(
        self, registry: InMemoryRegistry, reference: str
    ) -> None:
        said = ask(registry.address, "GET", f"/v2/{NAME}/manifests/{reference}")

        assert (said.status, code(said)) == (404, "MANIFEST_UNKNOWN")

    def test_a_manifest_of_a_missing_blob_is_refused(self, registry: InMemoryRegistry) -> None:
        keep(registry)

        said = put_manifest(registry, "v1", manifest_of(BLOB, b"missing"))

        assert (said.status, code(said)) == (400, "MANIFEST_BLOB_UNKNOWN")
        assert str(Digest.of(b"missing")) in said.body.decode()
        assert registry.repositories[NAME].tags == {}

    def test_all_that_is_missing_is_told_at_once(self, registry: InMemoryRegistry) -> None:
        said = put_manifest(registry, "v1", manifest_of(BLOB, b"one", b"two", b"one"))

        assert len(json.loads(said.body)["errors"]) == 3

    def test_a_layer_with_addresses_of_its_own_may_be_missing(
        self, registry: InMemoryRegistry
    ) -> None:
        keep(registry)
        row = {
            "mediaType": media_type.LAYER_TAR,
            "digest": str(Digest.of(b"far")),
            "size": 3,
            "urls": ["https://example.test/far"],
        }

        assert put_manifest(registry, "v1", manifest_of(BLOB, layers=[row])).status == 201

    def test_an_index_needs_its_manifests(self, registry: InMemoryRegistry) -> None:
        keep(registry)
        data = manifest_of(BLOB)
        row = {
            "mediaType": media_type.MANIFEST,
            "digest": str(Digest.of(data)),
            "size": len(data),
        }
        index = json.dumps(
            {"schemaVersion": 2, "mediaType": media_type.INDEX, "manifests": [row]}
        ).encode()

        before = put_manifest(registry, "v1", index, media_type.INDEX)
        put_manifest(registry, str(Digest.of(data)), data)
        after = put_manifest(registry, "v1", index, media_type.INDEX)

        assert (before.status, code(before)) == (400, "MANIFEST_BLOB_UNKNOWN")
        assert after.status == 201

    def test_a_digest_that_the_manifest_does_not_have_is_refused(
        self, registry: InMemoryRegistry
    ) -> None:
        keep(registry)

        said = put_manifest(registry, str(Digest.of(b"other")), manifest_of(BLOB))

        assert (said.status, code(said)) == (400, "DIGEST_INVALID")

    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (b"{", media_type.MANIFEST),
            (b"[]", media_type.MANIFEST),
            (manifest_of(BLOB), media_type.INDEX),
            (manifest_of(BLOB), "text/plain"),
            (manifest_of(BLOB, mediaType="text/plain"), "text/plain"),
            (manifest_of(BLOB, manifests=[]), media_type.MANIFEST),
            (manifest_of(BLOB, layers=3), media_type.MANIFEST),
            (manifest_of(BLOB, config={"size": -1}), media_type.MANIFEST),
            (manifest_of(BLOB).replace(b'"size": 11', b'"size": 12'), media_type.MANIFEST),
        ],
        ids=[
            "no JSON", "no object", "another type", "no type", "a foreign type", "a hybrid",
            "no layers", "no descriptor", "a wrong size",
        ],
    )  # fmt: skip
    def test_a_malformed_manifest_is_refused(
        self, registry: InMemoryRegistry, data: bytes, kind: str
    ) -> None:
        keep(registry)

        said = put_manifest(registry, "v1", data, kind)

        assert (said.status, code(said)) == (400, "MANIFEST_INVALID")

    def test_a_manifest_over_the_limit_is_refused(self) -> None:
        with InMemoryRegistry(choices=Choices(largest_manifest=10)) as registry:
            assert put_manifest(registry, "v1", manifest_of(BLOB)).status == 413

    def test_a_tag_that_the_specification_forbids_is_refused(
        self, registry: InMemoryRegistry
    ) -> None:
        keep(registry)

        assert code(put_manifest(registry, "-v1", manifest_of(BLOB))) == "TAG_INVALID"

    def test_deleting_a_tag_leaves_the_manifest(self, registry: InMemoryRegistry) -> None:
        keep(registry)
        put_manifest(registry, "v1", manifest_of(BLOB))

        said = ask(registry.address, "DELETE", f"/v2/{NAME}/manifests/v1")

        assert said.status == 202
        assert registry.repositories[NAME].tags == {}
        assert list(registry.repositories[NAME].manifests) == [Digest.of(manifest_of(BLOB))]

    def test_deleting_a_manifest_takes_its_tags_along(self, registry: InMemoryRegistry) -> None:
        keep(registry)
        data = manifest_of(BLOB)
        put_manifest(registry, "v1", data)

        said = ask(registry.address, "DELETE", f"/v2/{NAME}/manifests/{Digest.of(data)}")

        assert said.status == 202
        assert registry.repositories[NAME].tags == {}
        assert registry.repositories[NAME].manifests == {}

    def test_a_registry_may_hide_types_that_are_not_asked_for(self) -> None:
        with InMemoryRegistry(choices=Choices(needs_accept=True)) as registry:
            keep(registry)
            put_manifest(registry, "v1", manifest_of(BLOB))
            path = f"/v2/{NAME}/manifests/v1"
            silent = ask(registry.address, "HEAD", path)
            asked = ask(registry.address, "HEAD", path, headers={"Accept": media_type.MANIFEST})

        assert (silent.status, asked.status) == (404, 200)


class TestTags:
    def test_tags_come_in_pages_that_lead_to_the_next(self, registry: InMemoryRegistry) -> None:
        keep(registry)
        for tag in ("b", "a", "C"):
            put_manifest(registry, tag, manifest_of(BLOB))

        path: str | None = f"/v2/{NAME}/tags/list?n=2"
        pages = []
        while path:
            said = ask(registry.address, "GET", path)
            pages.append(json.loads(said.body))
            path = said.headers.get("link", "").partition("<")[2].partition(">")[0]

        assert pages == [{"name": NAME, "tags": ["a", "b"]}, {"name": NAME, "tags": ["C"]}]

    @pytest.mark.parametrize(
        ("query", "tags"),
        [("", ["a", "b"]), ("?n=0", []), ("?n=9", ["a", "b"]), ("?last=a", ["b"])],
    )
    def test_a_list_without_a_further_page_has_no_link(
        self, registry: InMemoryRegistry, query: str, tags: list[str]
    ) -> None:
        keep(registry)
        for tag in ("a", "b"):
            put_manifest(registry, tag, manifest_of(BLOB))

        said = ask(registry.address, "GET", f"/v2/{NAME}/tags/list{query}")

        assert json.loads(said.body)["tags"] == tags
        assert "link" not in said.headers

    def test_a_count_that_is_no_number_is_refused(self, registry: InMemoryRegistry) -> None:
        keep(registry)

        assert ask(registry.address, "GET", f"/v2/{NAME}/tags/list?n=x").status == 400

    def test_a_repository_that_holds_nothing_is_unknown(self, registry: InMemoryRegistry) -> None:
        said = ask(registry.address, "GET", "/v2/nothing/tags/list")

        assert (said.status, code(said)) == (404, "NAME_UNKNOWN")


class TestReferrers:
    def push(self, registry: InMemoryRegistry, subject: Digest) -> Said:
        keep(registry)
        row = {"mediaType": media_type.MANIFEST, "digest": str(subject), "size": 3}
        data = manifest_of(
            BLOB, subject=row, artifactType="text/spdx+json", annotations={"made": "today"}
        )
        return put_manifest(registry, str(Digest.of(data)), data)

    def test_a_manifest_with_a_subject_is_among_its_referrers(
        self, registry: InMemoryRegistry
    ) -> None:
        """The subject itself need not be there."""
        subject = Digest.of(b"far")

        put = self.push(registry, subject)
        said = ask(registry.address, "GET", f"/v2/{NAME}/referrers/{subject}")

        assert put.headers["oci-subject"] == str(subject)
        assert said.headers["content-type"] == media_type.INDEX
        (row,) = json.loads(said.body)["manifests"]
        assert row["digest"] == put.headers["docker-content-digest"]
        assert row["artifactType"] == "text/spdx+json"
        assert row["annotations"] == {"made": "today"}

    @pytest.mark.parametrize(("wanted", "count"), [("text/spdx%2Bjson", 1), ("text/other", 0)])
    def test_referrers_are_filtered_by_their_type(
        self, registry: InMemoryRegistry, wanted: str, count: int
    ) -> None:
        self.push(registry, Digest.of(b"far"))

        path = f"/v2/{NAME}/referrers/{Digest.of(b'far')}?artifactType={wanted}"
        said = ask(registry.address, "GET", path)

        assert said.headers["oci-filters-applied"] == "artifactType"
        assert len(json.loads(said.body)["manifests"]) == count

    def test_nothing_refers_to_what_nobody_heard_of(self, registry: InMemoryRegistry) -> None:
        said = ask(registry.address, "GET", f"/v2/{NAME}/referrers/{Digest.of(b'x')}")

        assert (said.status, json.loads(said.body)["manifests"]) == (200, [])

    def test_a_registry_may_have_no_referrers(self) -> None:
        with InMemoryRegistry(choices=Choices(has_referrers=False)) as registry:
            put = self.push(registry, Digest.of(b"far"))
            said = ask(registry.address, "GET", f"/v2/{NAME}/referrers/{Digest.of(b'far')}")

        assert "oci-subject" not in put.headers
        assert said.status == 404
