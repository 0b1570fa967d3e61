"""Keys that sign checkpoints and evidence bundles (Ed25519), as PEM files."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from toolcrib.server.errors import EvidenceError


class SigningKey:
    """A private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = VerifyingKey(key.public_key())

    @classmethod
    def new(cls) -> SigningKey:
        """A new one."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """The one in a PEM file. Raises EvidenceError."""
        try:
            key = serialization.load_pem_private_key(read_bytes(path), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise EvidenceError(f"{path} is no private key; make one with `toolcrib audit key`") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise EvidenceError(f"{path} is no Ed25519 key; make one with `toolcrib audit key`")
        return cls(key)

    def pem(self) -> bytes:
        """The key as a PEM file has it, not encrypted."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, message: bytes) -> bytes:
        """The signature of `message`, 64 bytes."""
        return self._key.sign(message)


class VerifyingKey:
    """A public key. `fingerprint` is the first half of the SHA-256 of its 32 bytes, in hex."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.fingerprint = sha256(self.raw).hexdigest()[:32]

    @classmethod
    def from_raw(cls, raw: bytes) -> VerifyingKey:
        """The key of these 32 bytes. Raises ValueError."""
        return cls(Ed25519PublicKey.from_public_bytes(raw))

    @classmethod
    def read(cls, path: Path) -> VerifyingKey:
        """The one in a PEM file. Raises EvidenceError."""
        try:
            key = serialization.load_pem_public_key(read_bytes(path))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise EvidenceError(f"{path} is no public key; `toolcrib audit key` writes one beside the key") from error
        if not isinstance(key, Ed25519PublicKey):
            raise EvidenceError(f"{path} is no Ed25519 key; `toolcrib audit key` writes one beside the key")
        return cls(key)

    def pem(self) -> bytes:
        """The key as a PEM file has it."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is that of `message` by this key."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def require_trusted(key: VerifyingKey, trusted: VerifyingKey | None, what: str) -> None:
    """Raises EvidenceError where `what` was signed with another key than the one that is trusted."""
    if trusted is not None and key.raw != trusted.raw:
        raise EvidenceError(f"{what} was signed with the key {key.fingerprint}, not with {trusted.fingerprint}")


def read_bytes(path: Path) -> bytes:
    """What a file holds. Raises EvidenceError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"cannot read {path}: {error.strerror}") from error
