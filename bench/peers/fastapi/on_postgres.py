"""The sign-in API of Kriya as a plain FastAPI program on PostgreSQL: what bench/run.py measures Kriya against.

Written as the documentation of FastAPI and asyncpg advises: typed models, `async def` endpoints, one asyncpg pool a
process (10 connections, its default; it prepares and caches the statements itself), PyJWT HS256. Runs on what Debian 12
ships: FastAPI 0.92, Pydantic 1.10, asyncpg 0.27.
"""

import hashlib
import os
import uuid
from datetime import datetime, timezone
from typing import Optional

import asyncpg
from contract import (
    LIFETIME, LogoutAnswer, RegisterAnswer, RegisterRequest, User, ValidateAnswer, ValidateRequest, bearer_token,
    check_api_key, claims_of, rfc3339, sign)
from fastapi import Depends, FastAPI, Header, HTTPException, Request

app = FastAPI(title="Kriya's sign-in API, plain, on PostgreSQL")
pool: asyncpg.Pool = None  # made when the process starts


@app.on_event("startup")
async def connect():
    global pool
    pool = await asyncpg.create_pool(os.environ["DATABASE_URL"])


@app.on_event("shutdown")
async def disconnect():
    await pool.close()


def shown(user: asyncpg.Record) -> User:
    return User(
        id=str(user["id"]),
        phone_number=user["phone_number"],
        first_name=user["first_name"],
        last_name=user["last_name"],
        email=user["email"],
        created_at=rfc3339(user["created_at"]),
    )


async def user_of(token: str) -> Optional[asyncpg.Record]:
    """The user that a token belongs to; none if it is forged, expired or revoked."""
    claims = claims_of(token)
    if claims is None:
        return None
    user = await pool.fetchrow("SELECT * FROM users WHERE id = $1", claims.get("user_id"))
    return user if user and user["token_version"] == claims.get("token_version") else None


@app.get("/health/ready")
async def ready():
    return {"status": "ok"}


@app.post("/api/auth/register", response_model=RegisterAnswer)
async def register(body: RegisterRequest, request: Request):
    now = datetime.now(timezone.utc)
    async with pool.acquire() as connection, connection.transaction():
        user = await connection.fetchrow(
            "INSERT INTO users VALUES ($1, $2, $3, $4, $5, 0, $6, $6) "
            "ON CONFLICT (phone_number) DO NOTHING RETURNING *",
            uuid.uuid4(), body.phone_number, body.first_name, body.last_name, body.email, now)
        created = user is not None
        if not created:
            user = await connection.fetchrow("SELECT * FROM users WHERE phone_number = $1", body.phone_number)
        token_id = uuid.uuid4()
        token = sign(str(user["id"]), user["phone_number"], user["token_version"], str(token_id), now)
        await connection.execute(
            "INSERT INTO issued_tokens VALUES ($1, $2, $3, $4, $5, $6, $7)",
            token_id, user["id"], hashlib.sha256(token.encode()).hexdigest(), now, now + LIFETIME,
            request.client.host, request.headers.get("user-agent", ""))
    return RegisterAnswer(
        success=True,
        message="Registration successful" if created else "Login successful",
        token=token,
        user=shown(user),
        expires_at=rfc3339(now + LIFETIME),
    )


@app.post("/api/auth/validate-token", response_model=ValidateAnswer)
async def validate_token(body: ValidateRequest, x_api_key: Optional[str] = Header(None)):
    check_api_key(x_api_key)
    user = await user_of(body.token)
    if user is None:
        return ValidateAnswer(valid=False, user=None, message="Invalid or expired token")
    return ValidateAnswer(valid=True, user=shown(user), message="Token is valid")


@app.get("/api/auth/user", response_model=User)
async def read_user(token: str = Depends(bearer_token)):
    user = await user_of(token)
    if user is None:
        raise HTTPException(401, "Invalid or expired token")
    return shown(user)


@app.delete("/api/auth/logout", response_model=LogoutAnswer)
async def logout(token: str = Depends(bearer_token)):
    user = await user_of(token)
    if user is None:
        raise HTTPException(401, "Invalid or expired token")
    await pool.execute(
        "UPDATE users SET token_version = token_version + 1, updated_at = now() WHERE id = $1", user["id"])
    return LogoutAnswer(success=True, message="Logged out successfully")
