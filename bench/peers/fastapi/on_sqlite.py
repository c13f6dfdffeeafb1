"""The sign-in API of Kriya as a plain FastAPI program on SQLite: what bench/run.py measures Kriya against.

Written as FastAPI's own documentation advises for a blocking database: typed models, `def` endpoints (they run in the
thread pool), one SQLite connection a thread, PyJWT HS256. Runs on what Debian 12 ships: FastAPI 0.92, Pydantic 1.10.
"""

import hashlib
import os
import sqlite3
import threading
import uuid
from datetime import datetime, timezone
from typing import Optional

from contract import (
    LIFETIME, LogoutAnswer, RegisterAnswer, RegisterRequest, User, ValidateAnswer, ValidateRequest, bearer_token,
    check_api_key, claims_of, rfc3339, sign)
from fastapi import Depends, FastAPI, Header, HTTPException, Request

DATABASE = os.path.join(os.environ["DATA_DIR"], "peer.db")

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
  id TEXT PRIMARY KEY, phone_number TEXT NOT NULL UNIQUE, first_name TEXT NOT NULL, last_name TEXT, email TEXT,
  token_version INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL, updated_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS issued_tokens (
  token_hash BLOB PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), issued_at TEXT NOT NULL,
  expires_at TEXT NOT NULL, address TEXT, user_agent TEXT) WITHOUT ROWID;
"""


class ThreadLocal(threading.local):
    """One open connection for each thread of the pool."""

    def __init__(self):
        self.connection = sqlite3.connect(DATABASE, isolation_level=None, timeout=30)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;")


with sqlite3.connect(DATABASE, timeout=30) as connection:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(SCHEMA)
local = ThreadLocal()

# SQLite has one writer: queueing for it here is far cheaper than SQLite's own sleep-and-retry.
writer = threading.Lock()


def issue_token(db: sqlite3.Connection, user: sqlite3.Row, request: Request) -> tuple:
    """Signs a token and writes its trail, inside the caller's transaction."""
    now = datetime.now(timezone.utc)
    expires = now + LIFETIME
    token = sign(user["id"], user["phone_number"], user["token_version"], str(uuid.uuid4()), now)
    db.execute(
        "INSERT INTO issued_tokens VALUES (?, ?, ?, ?, ?, ?)",
        (
            hashlib.sha256(token.encode()).digest(),
            user["id"],
            rfc3339(now),
            rfc3339(expires),
            request.client.host,
            request.headers.get("user-agent"),
        ),
    )
    return token, rfc3339(expires)


def user_of(token: str) -> Optional[sqlite3.Row]:
    """The user that a token belongs to; none if it is forged, expired or revoked."""
    claims = claims_of(token)
    if claims is None:
        return None
    user = local.connection.execute("SELECT * FROM users WHERE id = ?", (claims.get("user_id"),)).fetchone()
    return user if user and user["token_version"] == claims.get("token_version") else None


app = FastAPI(title="Kriya's sign-in API, plain, on SQLite")


@app.get("/health/ready")
def ready():
    return {"status": "ok"}


@app.post("/api/auth/register", response_model=RegisterAnswer)
def register(body: RegisterRequest, request: Request):
    db = local.connection
    now = rfc3339(datetime.now(timezone.utc))
    with writer, db:
        db.execute("BEGIN IMMEDIATE")
        created = db.execute(
            "INSERT INTO users VALUES (?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (phone_number) DO NOTHING",
            (str(uuid.uuid4()), body.phone_number, body.first_name, body.last_name, body.email, now, now),
        ).rowcount
        user = db.execute("SELECT * FROM users WHERE phone_number = ?", (body.phone_number,)).fetchone()
        token, expires_at = issue_token(db, user, request)
    return RegisterAnswer(
        success=True,
        message="Registration successful" if created else "Login successful",
        token=token,
        user=User(**user),
        expires_at=expires_at,
    )


@app.post("/api/auth/validate-token", response_model=ValidateAnswer)
def validate_token(body: ValidateRequest, x_api_key: Optional[str] = Header(None)):
    check_api_key(x_api_key)
    user = user_of(body.token)
    if user is None:
        return ValidateAnswer(valid=False, user=None, message="Invalid or expired token")
    return ValidateAnswer(valid=True, user=User(**user), message="Token is valid")


@app.get("/api/auth/user", response_model=User)
def read_user(token: str = Depends(bearer_token)):
    user = user_of(token)
    if user is None:
        raise HTTPException(401, "Invalid or expired token")
    return User(**user)


@app.delete("/api/auth/logout", response_model=LogoutAnswer)
def logout(token: str = Depends(bearer_token)):
    user = user_of(token)
    if user is None:
        raise HTTPException(401, "Invalid or expired token")
    with writer:
        local.connection.execute(
            "UPDATE users SET token_version = token_version + 1, updated_at = ? WHERE id = ?",
            (rfc3339(datetime.now(timezone.utc)), user["id"]),
        )
    return LogoutAnswer(success=True, message="Logged out successfully")
