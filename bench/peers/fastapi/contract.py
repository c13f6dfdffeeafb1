"""What both FastAPI programs share: requests, answers, tokens, and who may ask."""

import hmac
import os
import re
from datetime import datetime, timedelta
from typing import Optional

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, constr, validator

SECRET = os.environ["JWT_SECRET_KEY"]
API_KEY = os.environ["PLANE_API_KEY"].encode()
AUDIENCE = os.environ.get("PUBLIC_URL", "http://localhost")
ISSUER = "kriya-auth"
LIFETIME = timedelta(hours=24)

PHONE_SEPARATORS = re.compile(r"[ .()-]")
PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

Name = constr(strip_whitespace=True, min_length=1, max_length=100)


class RegisterRequest(BaseModel):
    phone_number: str
    first_name: Name
    last_name: Optional[Name] = None
    email: Optional[str] = None

    @validator("phone_number")
    def e164(cls, value):
        value = PHONE_SEPARATORS.sub("", value)
        if not PHONE.fullmatch(value):
            raise ValueError("is not a phone number in international form")
        return value

    @validator("email")
    def address(cls, value):
        if value is not None and not EMAIL.fullmatch(value):
            raise ValueError("is not an e-mail address")
        return value and value.lower()


class ValidateRequest(BaseModel):
    token: str


class User(BaseModel):
    id: str
    phone_number: str
    first_name: str
    last_name: Optional[str]
    email: Optional[str]
    created_at: str


class RegisterAnswer(BaseModel):
    success: bool
    message: str
    token: str
    user: User
    expires_at: str


class ValidateAnswer(BaseModel):
    valid: bool
    user: Optional[User]
    message: str


class LogoutAnswer(BaseModel):
    success: bool
    message: str


def rfc3339(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def sign(user_id: str, phone_number: str, token_version: int, token_id: str, now: datetime) -> str:
    return jwt.encode(
        {
            "user_id": user_id,
            "phone_number": phone_number,
            "token_version": token_version,
            "iat": now,
            "exp": now + LIFETIME,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "jti": token_id,
            "token_use": "user",
        },
        SECRET,
        algorithm="HS256",
    )


def claims_of(token: str) -> Optional[dict]:
    """None if the token is forged or expired; whether it is revoked is for the database to say."""
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"], issuer=ISSUER, audience=AUDIENCE)
    except jwt.InvalidTokenError:
        return None


bearer = HTTPBearer(auto_error=False)


async def bearer_token(
    token: Optional[str] = None, header: Optional[HTTPAuthorizationCredentials] = Depends(bearer)
) -> str:
    found = header.credentials if header else token
    if not found:
        raise HTTPException(401, "Missing token")
    return found


def check_api_key(x_api_key: Optional[str]):
    if not x_api_key:
        raise HTTPException(401, "Missing API key")
    if not hmac.compare_digest(x_api_key.encode(), API_KEY):
        raise HTTPException(403, "Wrong API key")
