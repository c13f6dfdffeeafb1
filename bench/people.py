"""People and their sessions made by SQL, as many as wanted, and tokens of a sample of them signed as Kriya signs: no registrations."""

import base64
import hashlib
import hmac
import json
import secrets
import sqlite3
import time

from servers import JWT_SECRET, PUBLIC_URL

ID = "0192f0c1-2b3c-7d4e-8f50-"  # and the person's number in 12 hexadecimal digits: a UUIDv7, rising like real ones
SESSION = "bench-session-"  # and the person's number in 29 digits: 43 characters like a real sid
SESSION_COLUMNS = "(id, user_id, token_version, started_at, last_seen_at, expires_at, client_address, user_agent)"
COLUMNS = "(id, phone_number, first_name, last_name, email, token_version, created_at, updated_at)"


def add_to_postgres(postgres, database, first, last):
    postgres.run(f"""
        INSERT INTO users {COLUMNS}
        SELECT ('{ID}' || lpad(to_hex(i), 12, '0'))::uuid, '+1415' || lpad(i::text, 7, '0'), 'Bench', 'User',
               'bench' || i || '@example.com', 0, now(), now()
        FROM generate_series({first}, {last}) AS i;
        INSERT INTO sessions {SESSION_COLUMNS}
        SELECT '{SESSION}' || lpad(i::text, 29, '0'), ('{ID}' || lpad(to_hex(i), 12, '0'))::uuid, 0, now(), now(),
               now() + interval '1 day', '127.0.0.1', 'bench'
        FROM generate_series({first}, {last}) AS i;
        VACUUM ANALYZE;""", database)


def add_to_sqlite(file, first, last):
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute(f"""
            WITH RECURSIVE number (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM number WHERE i < {last})
            INSERT INTO users {COLUMNS}
            SELECT '{ID}' || printf('%012x', i), '+1415' || printf('%07d', i), 'Bench', 'User',
                   'bench' || i || '@example.com', 0, ?, ? FROM number""", [int(time.time() * 1e6)] * 2)
        now = int(time.time() * 1e6)
        connection.execute(f"""
            WITH RECURSIVE number (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM number WHERE i < {last})
            INSERT INTO sessions {SESSION_COLUMNS}
            SELECT '{SESSION}' || printf('%029d', i), '{ID}' || printf('%012x', i), 0, ?, ?, ?, '127.0.0.1', 'bench'
            FROM number""", [now, now, now + 86_400 * 10**6])
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(number, now):
    """What src/identity/user_token.cc writes for this person."""
    user_id = f"{ID}{number:012x}"
    claims = {
        "user_id": user_id, "phone_number": f"+1415{number:07d}", "token_version": 0, "exp": now + 24 * 3600,
        "iat": now, "iss": "kriya-auth", "sub": user_id, "jti": f"{ID}{secrets.token_hex(6)}",
        "sid": f"{SESSION}{number:029d}", "aud": PUBLIC_URL, "token_use": "user"}
    signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode())
                      for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{base64url(hmac.digest(JWT_SECRET.encode(), signed.encode(), hashlib.sha256))}"


def write_tokens(file, people, sample):
    """Tokens of `sample` people spread evenly over all `people`, in an order that jumps about among them."""
    count = min(sample, people)
    numbers = [1 + i * people // count for i in range(count)]
    secrets.SystemRandom().shuffle(numbers)
    now = int(time.time())
    file.write_text("".join(token_of(number, now) + "\n" for number in numbers))
    return file
