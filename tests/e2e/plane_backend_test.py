#!/usr/bin/env python3
"""Kriya as Plane's backend sees it.

A patched Plane reads KRIYA_BACKEND_URL and KRIYA_API_KEY and posts the token that a browser brought to validate-token.
PlaneBackend stands in for that code; the server is the real one.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import requests

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
KRIYA_BIN = pathlib.Path(os.environ.get("KRIYA_BIN", REPOSITORY / "build/release/kriya")).resolve()
JWT_SECRET = "plane-test-jwt-secret-Xq7vR2mK9tLw4ZpB8nHs"
API_KEY = "plane-test-key-3fJm6QkT"
UNKNOWN_USER = "019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60"


class Kriya:
    """The server in a folder of its own; it may be stopped and started again on the same port."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kriya-plane-")
        self.port = 0
        self.process = None

    def start(self):
        passed_on = {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "ASAN_SYMBOLIZER_PATH"}
        environment = {name: value for name, value in os.environ.items() if name in passed_on}
        environment.update(
            HOST="127.0.0.1",
            PORT=str(self.port),
            PHONE_VERIFICATION="off",
            JWT_SECRET_KEY=JWT_SECRET,
            PLANE_API_KEY=API_KEY,
        )
        self.log = open(pathlib.Path(self.folder.name, "kriya.log"), "a+", encoding="utf-8")
        self.process = subprocess.Popen(
            [KRIYA_BIN, "serve"],
            cwd=self.folder.name,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        for line in self.process.stdout:
            ready = re.search(r"is ready at http://\S+:(\d+)", line)
            if ready:
                self.port = int(ready[1])
                return
        self.log.seek(0)
        raise RuntimeError(f"kriya ended with code {self.process.wait()}:\n{self.log.read()}")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        self.process.stdout.read()
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.log.close()
        self.process = None
        if code != 0:
            raise RuntimeError(f"kriya ended with code {code}")

    def close(self):
        self.stop()
        self.folder.cleanup()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class KriyaUnavailable(Exception):
    """Kriya did not answer, or not as agreed: nobody can be signed in now."""


class PlaneBackend:
    """What a patched Plane does with its two settings."""

    def __init__(self, environment):
        self.url = environment["KRIYA_BACKEND_URL"].rstrip("/") + "/api/auth/validate-token"
        self.headers = {"X-API-Key": environment["KRIYA_API_KEY"]} if environment.get("KRIYA_API_KEY") else {}

    def ask(self, token):
        try:
            return requests.post(self.url, json={"token": token}, headers=self.headers, timeout=5)
        except requests.ConnectionError as error:
            raise KriyaUnavailable(str(error)) from error

    def user_of(self, token):
        """The user that the token belongs to, or None."""
        answer = self.ask(token)
        if answer.status_code != 200:
            raise KriyaUnavailable(f"{answer.status_code}: {answer.text}")
        body = answer.json()
        return body["user"] if body["valid"] else None


def token_of_original_service(user, **changes):
    """A token as the original service signed it, by the standard library alone."""

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = int(time.time())
    claims = {
        "user_id": user["id"],
        "phone_number": user["phone_number"],
        "token_version": 0,
        "exp": now + 3600,
        "iat": now,
        "iss": "kriya-auth",
        **changes,
    }
    signed = part(b'{"alg": "HS256", "typ": "JWT"}') + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.digest(JWT_SECRET.encode(), signed, hashlib.sha256))).decode()


class PlaneBackendTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kriya = Kriya()
        cls.addClassCleanup(cls.kriya.close)
        cls.kriya.start()
        cls.next_number = 0

    def setUp(self):
        if self.kriya.process is None:
            self.kriya.start()
        self.plane = self.backend(KRIYA_API_KEY=API_KEY)

    def backend(self, **settings):
        return PlaneBackend({"KRIYA_BACKEND_URL": self.kriya.url, **settings})

    def sign_in(self, **fields):
        PlaneBackendTest.next_number += 1
        person = {"phone_number": f"+91980000{self.next_number:04}", "first_name": "Asha", **fields}
        answer = requests.post(self.kriya.url + "/api/auth/register", json=person, timeout=5)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def test_good_token_gives_its_user(self):
        person = {"first_name": "अशा", "last_name": "Rao", "email": "asha@example.com"}
        account = self.sign_in(**person)
        user = self.plane.user_of(account["token"])
        self.assertEqual(user, account["user"])
        self.assertEqual({name: user[name] for name in person}, person)

    def test_answer_is_the_one_that_the_original_service_gave(self):
        account = self.sign_in()
        self.assertEqual(
            self.plane.ask(account["token"]).json(),
            {"valid": True, "user": account["user"], "message": "Token is valid"},
        )
        refused = self.plane.ask("garbage")
        self.assertEqual(refused.status_code, 200)
        self.assertEqual(refused.json(), {"valid": False, "user": None, "message": "Invalid or expired token"})
        self.assertEqual(refused.headers["Cache-Control"], "no-store")

    def test_token_of_the_original_service_gives_its_user(self):
        account = self.sign_in()
        self.assertEqual(self.plane.user_of(token_of_original_service(account["user"])), account["user"])

    def test_expired_token_gives_nobody(self):
        user = self.sign_in()["user"]
        now = int(time.time())
        self.assertIsNone(self.plane.user_of(token_of_original_service(user, iat=now - 7200, exp=now - 3600)))

    def test_revoked_token_gives_nobody_and_a_new_sign_in_works(self):
        account = self.sign_in()
        bearer = {"Authorization": "Bearer " + account["token"]}
        answer = requests.delete(self.kriya.url + "/api/auth/logout", headers=bearer, timeout=5)
        self.assertEqual(answer.json(), {"success": True, "message": "Logged out successfully"})
        self.assertIsNone(self.plane.user_of(account["token"]))
        again = self.sign_in(phone_number=account["user"]["phone_number"])
        self.assertEqual(again["message"], "Login successful")
        self.assertEqual(self.plane.user_of(again["token"]), account["user"])

    def test_garbage_and_tokens_of_nobody_give_nobody(self):
        stranger = {"id": UNKNOWN_USER, "phone_number": "+14155550123"}
        for token in ["", "garbage", "a.b.c", token_of_original_service(stranger)]:
            self.assertIsNone(self.plane.user_of(token), token)

    def test_wrong_key_is_403(self):
        answer = self.backend(KRIYA_API_KEY="wrong").ask(self.sign_in()["token"])
        self.assertEqual(answer.status_code, 403)
        problem = answer.json()
        self.assertEqual(problem["detail"] and problem["error"], "Invalid API key")

    def test_missing_key_is_401(self):
        self.assertEqual(self.backend().ask(self.sign_in()["token"]).status_code, 401)

    def test_wrong_key_is_not_taken_for_a_bad_token(self):
        with self.assertRaises(KriyaUnavailable):
            self.backend(KRIYA_API_KEY="wrong").user_of(self.sign_in()["token"])

    def test_trailing_slash_in_the_backend_url_does_not_matter(self):
        account = self.sign_in()
        plane = PlaneBackend({"KRIYA_BACKEND_URL": self.kriya.url + "/", "KRIYA_API_KEY": API_KEY})
        self.assertEqual(plane.user_of(account["token"]), account["user"])

    def test_kriya_away_is_noticed_at_once_and_works_again_after_a_restart(self):
        account = self.sign_in()
        self.kriya.stop()
        began = time.monotonic()
        with self.assertRaises(KriyaUnavailable):
            self.plane.user_of(account["token"])
        self.assertLess(time.monotonic() - began, 2)
        self.kriya.start()
        self.assertEqual(self.plane.user_of(account["token"]), account["user"])

    def test_one_connection_serves_many_questions(self):
        account = self.sign_in()
        with requests.Session() as session:
            session.headers["X-API-Key"] = API_KEY
            for _ in range(50):
                answer = session.post(self.plane.url, json={"token": account["token"]}, timeout=5)
                self.assertTrue(answer.json()["valid"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
