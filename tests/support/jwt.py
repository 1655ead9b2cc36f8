"""Session tokens (JWT, RFC 7519) made by hand, to present to talomed what it must refuse."""

import base64
import hashlib
import hmac
import json
import time
import uuid


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(token: str) -> tuple[dict, dict, str]:
    """Header, claims and signature text of a token."""
    header, claims, signature = token.split(".")
    return json.loads(decode(header)), json.loads(decode(claims)), signature


def sign(header: dict, claims: dict, key: bytes) -> str:
    """A token whose signature is HMAC-SHA256 under `key`, whatever its header says."""
    body = ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{body}.{encode(hmac.new(key, body.encode(), hashlib.sha256).digest())}"


def unsigned(claims: dict, alg="none") -> str:
    header = {"alg": alg, "typ": "JWT"}
    return ".".join([encode(json.dumps(header).encode()), encode(json.dumps(claims).encode()), ""])


def claims(user="00000000-0000-4000-8000-000000000000", role="admin", username="admin", lifetime=3600) -> dict:
    now = int(time.time())
    return {"sub": user, "role": role, "username": username, "jti": str(uuid.uuid4()), "iat": now, "exp": now + lifetime}
