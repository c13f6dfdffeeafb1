// Kriya's tokens and those of an independent library (npm jose) against each other, both ways, and what an attacker
// would send.
import assert from 'node:assert/strict';
import {
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
} from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import {
  calculateJwkThumbprint,
  CompactSign,
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  jwtVerify,
  SignJWT,
} from 'jose';

import { bearer, isValid, logOut, readUser, signIn, validate } from './support/accounts.mjs';
import { query } from './support/database.mjs';
import { call, JWT_SECRET, startKriya } from './support/kriya.mjs';

const HMAC = ['HS256', 'HS384', 'HS512'];
const ASYMMETRIC = ['RS256', 'ES256', 'EdDSA'];
const MASTER_KEY = 'e2e-master-key-b7Tz4NcX9sQv2WgY6kRj3LpH';
const PUBLIC_URL = 'http://kriya.test';
const NOBODY = '019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60';
const REFUSED = { valid: false, user: null, message: 'Invalid or expired token' };
const seconds = () => Math.floor(Date.now() / 1000);
const secret = (text = JWT_SECRET) => new TextEncoder().encode(text);
const base64url = (text) => Buffer.from(text).toString('base64url');
const expected = (kriya, alg) => ({ algorithms: [alg], issuer: 'kriya-auth', audience: kriya.publicUrl, typ: 'JWT' });
const jwksOf = async (kriya) => (await call(kriya, 'GET', '/.well-known/jwks.json')).json;

/** The stored private key, opened with MASTER_KEY by other code than the server's: HKDF, then AES-256-GCM. */
function storedPrivateKey(kriya, algorithm) {
  const [row] = query(kriya, 'SELECT id, private_key FROM signing_keys WHERE algorithm = ?', algorithm);
  const key = hkdfSync('sha256', MASTER_KEY, '', 'kriya/signing-keys', 32);
  const box = Buffer.from(row.private_key, 'base64url');
  assert.equal(box[0], 1, 'the version of the seal');
  const cipher = createDecipheriv('aes-256-gcm', Buffer.from(key), box.subarray(1, 13));
  cipher.setAAD(Buffer.from(`signing_keys:${row.id}`));
  cipher.setAuthTag(box.subarray(-16));
  const der = Buffer.concat([cipher.update(box.subarray(13, -16)), cipher.final()]);
  return { kid: row.id, privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}

const without = (claims, name) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));

for (const alg of HMAC) {
  describe(alg, () => {
    let kriya;
    let account;
    before(async () => {
      kriya = await startKriya({ env: { JWT_ALGORITHM: alg } });
      account = await signIn(kriya);
    });
    after(() => kriya.dispose());

    test('jose verifies what Kriya signed', async () => {
      const { payload, protectedHeader } = await jwtVerify(account.token, secret(), expected(kriya, alg));
      assert.deepEqual(protectedHeader, { alg, typ: 'JWT' });
      assert.equal(payload.user_id, account.user.id);
    });

    test('Kriya verifies what jose signed', async () => {
      const header = { alg, typ: 'JWT' };
      const token = await new SignJWT(decodeJwt(account.token)).setProtectedHeader(header).sign(secret());
      assert.deepEqual((await validate(kriya, token)).user, account.user);
    });

    test('Kriya takes none of the other algorithms, though signed with the same secret', async () => {
      for (const other of HMAC.filter((name) => name !== alg)) {
        const token = await new SignJWT(decodeJwt(account.token)).setProtectedHeader({ alg: other }).sign(secret());
        assert.equal(await isValid(kriya, token), false, other);
      }
    });

    test('the secret is published nowhere: the JWK Set is empty', async () => {
      assert.deepEqual(await jwksOf(kriya), { keys: [] });
    });
  });
}

for (const alg of ASYMMETRIC) {
  describe(alg, () => {
    let kriya;
    let account;
    let signing;
    before(async () => {
      kriya = await startKriya({ env: { JWT_ALGORITHM: alg, MASTER_KEY, PUBLIC_URL } });
      account = await signIn(kriya);
      signing = storedPrivateKey(kriya, alg);
    });
    after(() => kriya.dispose());
    const sign = (claims, header = {}, key = signing.privateKey) =>
      new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT', kid: signing.kid, ...header }).sign(key);

    test('jose verifies what Kriya signed, with the key from /.well-known/jwks.json', async () => {
      const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', kriya.url));
      const { payload, protectedHeader } = await jwtVerify(account.token, keys, expected(kriya, alg));
      assert.equal(payload.sub, account.user.id);
      assert.deepEqual(protectedHeader, { alg, typ: 'JWT', kid: protectedHeader.kid });
    });

    test('the JWK Set holds one public key, named by its RFC 7638 thumbprint, and nothing private', async () => {
      const { keys } = await jwksOf(kriya);
      assert.equal(keys.length, 1);
      const [key] = keys;
      const members = { RS256: ['kty', 'n', 'e'], ES256: ['kty', 'crv', 'x', 'y'], EdDSA: ['kty', 'crv', 'x'] }[alg];
      assert.deepEqual(Object.keys(key).sort(), [...members, 'alg', 'kid', 'use'].sort());
      assert.equal(key.alg, alg);
      assert.equal(key.use, 'sig');
      assert.equal(key.kid, await calculateJwkThumbprint(key));
      assert.equal(key.kid, decodeProtectedHeader(account.token).kid);
      assert.equal(signing.kid, key.kid);
    });

    test('the private key rests sealed in the database', () => {
      const rows = query(kriya, 'SELECT private_key FROM signing_keys');
      assert.equal(rows.length, 1);
      const stored = Buffer.from(rows[0].private_key, 'base64url');
      const der = signing.privateKey.export({ format: 'der', type: 'pkcs8' });
      assert.ok(!stored.includes(der.subarray(-24)));
    });

    test('Kriya verifies what jose signed with the same key', async () => {
      assert.deepEqual((await validate(kriya, await sign(decodeJwt(account.token)))).user, account.user);
    });

    test('Kriya takes the token without a kid, and not one with the wrong kid', async () => {
      const claims = decodeJwt(account.token);
      const bare = await new SignJWT(claims).setProtectedHeader({ alg }).sign(signing.privateKey);
      assert.ok(await isValid(kriya, bare));
      for (const kid of ['', 'x', `${signing.kid}x`, `../${signing.kid}`, "' OR 1=1 --"]) {
        assert.equal(await isValid(kriya, await sign(claims, { kid })), false, kid);
      }
      const numeric = `${base64url(JSON.stringify({ alg, typ: 'JWT', kid: 7 }))}.${account.token.split('.')[1]}`;
      assert.equal(await isValid(kriya, `${numeric}.${account.token.split('.')[2]}`), false);
    });

    test('JWT_SECRET_KEY verifies no token, under any name', async () => {
      for (const other of HMAC) {
        for (const header of [{ alg: other }, { alg: other, typ: 'JWT', kid: signing.kid }]) {
          const token = await new SignJWT(decodeJwt(account.token)).setProtectedHeader(header).sign(secret());
          assert.equal(await isValid(kriya, token), false, other);
        }
      }
    });

    test('the public key is no HMAC secret, in whatever form', async () => {
      const jwk = (await jwksOf(kriya)).keys[0];
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      const spki = key.export({ format: 'pem', type: 'spki' });
      const forms = {
        PEM: spki,
        'PEM without its last newline': spki.trimEnd(),
        DER: key.export({ format: 'der', type: 'spki' }),
        JWK: JSON.stringify(jwk),
        'the main member': Buffer.from(jwk.n ?? jwk.x, 'base64url'),
        'the main member as text': jwk.n ?? jwk.x,
        kid: jwk.kid,
      };
      for (const [form, bytes] of Object.entries(forms)) {
        for (const header of [{ alg: 'HS256', typ: 'JWT' }, { alg: 'HS256', typ: 'JWT', kid: jwk.kid }]) {
          const signer = new SignJWT(decodeJwt(account.token)).setProtectedHeader(header);
          assert.equal(await isValid(kriya, await signer.sign(new Uint8Array(Buffer.from(bytes)))), false, form);
        }
      }
    });

    test('a key that an attacker brings along is not used: jwk, jku, x5u, x5c', async (t) => {
      const { privateKey, publicKey } = {
        RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
        ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
        EdDSA: () => generateKeyPairSync('ed25519'),
      }[alg]();
      const jwk = { ...(await exportJWK(publicKey)), alg, use: 'sig' };
      const asked = [];
      const attacker = http.createServer((request, response) => {
        asked.push(request.url);
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ keys: [{ ...jwk, kid: signing.kid }] }));
      });
      await new Promise((resolve) => attacker.listen(0, '127.0.0.1', resolve));
      t.after(() => attacker.close());
      const url = `http://127.0.0.1:${attacker.address().port}/keys`;
      const claims = decodeJwt(account.token);
      const thumbprint = await calculateJwkThumbprint(jwk);
      for (const header of [
        {},
        { jwk },
        { jwk, kid: thumbprint },
        { jku: url },
        { jku: url, kid: thumbprint },
        { x5u: url },
        { x5c: [publicKey.export({ format: 'der', type: 'spki' }).toString('base64')] },
      ]) {
        assert.equal(await isValid(kriya, await sign(claims, header, privateKey)), false, Object.keys(header).join());
      }
      assert.deepEqual(asked, [], 'nobody was asked for a key');
      // Beside a good signature such a header is ignored, as RFC 8725 wants.
      assert.ok(await isValid(kriya, await sign(claims, { jku: url, jwk })));
      assert.deepEqual(asked, []);
    });

    test('the token of another instance with a key of its own is refused', async (t) => {
      const other = await startKriya({ t, env: { JWT_ALGORITHM: alg, MASTER_KEY, PUBLIC_URL } });
      assert.equal(await isValid(kriya, (await signIn(other)).token), false);
    });

    test('the key outlasts a restart, and a restart with another MASTER_KEY is refused', async (t) => {
      const env = { JWT_ALGORITHM: alg, MASTER_KEY, PUBLIC_URL };
      const first = await startKriya({ t, env });
      const { token } = await signIn(first);
      const keys = await jwksOf(first);
      assert.equal(await first.stop(), 0);
      const wrong = startKriya({ t, cwd: first.cwd, env: { ...env, MASTER_KEY: `${MASTER_KEY}x` } });
      await assert.rejects(wrong, /code 1,[\s\S]*MASTER_KEY/);
      const second = await startKriya({ t, cwd: first.cwd, env });
      assert.ok(await isValid(second, token));
      assert.deepEqual(await jwksOf(second), keys);
    });

    test('JWT_SECRET_KEY may be changed without any effect on tokens', async (t) => {
      const env = { JWT_ALGORITHM: alg, MASTER_KEY, PUBLIC_URL };
      const first = await startKriya({ t, env });
      const { token } = await signIn(first);
      await first.stop();
      const second = await startKriya({ t, cwd: first.cwd, env: { ...env, JWT_SECRET_KEY: `new-${JWT_SECRET}` } });
      assert.ok(await isValid(second, token));
    });

    test('two instances that start at once on one database share one key, and logouts', async (t) => {
      const DATABASE_URL = `sqlite://${path.join(kriya.cwd, `shared-${alg}.db`)}`;
      const env = { JWT_ALGORITHM: alg, MASTER_KEY, PUBLIC_URL, DATABASE_URL };
      const [one, two] = await Promise.all([startKriya({ t, env }), startKriya({ t, env })]);
      assert.notEqual(one.port, two.port);
      const keys = await jwksOf(one);
      assert.equal(keys.keys.length, 1);
      assert.deepEqual(await jwksOf(two), keys);
      const { token, user } = await signIn(one);
      assert.deepEqual((await validate(two, token)).user, user);
      assert.equal((await logOut(two, token)).status, 200);
      assert.equal(await isValid(one, token), false, 'dead on the other instance once the answer was sent');
      const again = await signIn(two, { phone_number: user.phone_number });
      assert.equal(again.message, 'Login successful');
      assert.ok(await isValid(one, again.token));
    });
  });
}

test('after a change of the asymmetric algorithm older tokens stay good and both keys are published', async (t) => {
  const env = { MASTER_KEY, PUBLIC_URL };
  const first = await startKriya({ t, env: { ...env, JWT_ALGORITHM: 'RS256' } });
  const old = (await signIn(first)).token;
  await first.stop();
  const second = await startKriya({ t, cwd: first.cwd, env: { ...env, JWT_ALGORITHM: 'ES256' } });
  const fresh = (await signIn(second)).token;
  assert.equal(decodeProtectedHeader(fresh).alg, 'ES256');
  const keys = await jwksOf(second);
  assert.deepEqual(keys.keys.map(({ alg }) => alg).sort(), ['ES256', 'RS256']);
  for (const token of [old, fresh]) {
    assert.ok(await isValid(second, token));
    await jwtVerify(token, createLocalJWKSet(keys), { issuer: 'kriya-auth', audience: PUBLIC_URL });
  }
  // The kid of one key with the algorithm of the other.
  const crossed = { ...decodeProtectedHeader(fresh), kid: decodeProtectedHeader(old).kid };
  const [, payload, signature] = fresh.split('.');
  assert.equal(await isValid(second, `${base64url(JSON.stringify(crossed))}.${payload}.${signature}`), false);
});

describe('tokens signed elsewhere with the shared secret', () => {
  let kriya;
  let account;
  let original;
  let complete;
  before(async () => {
    kriya = await startKriya();
    account = await signIn(kriya);
    const { user_id, phone_number, token_version, iss, ...claims } = decodeJwt(account.token);
    original = { user_id, phone_number, token_version, iss, iat: seconds(), exp: seconds() + 3600 };
    complete = { ...claims, ...original };
  });
  after(() => kriya.dispose());
  const sign = (claims, key = secret(), header = { alg: 'HS256', typ: 'JWT' }) =>
    new SignJWT(claims).setProtectedHeader(header).sign(key);

  test('those of the original service are good for validate-token, user and logout', async () => {
    const { token, user } = await signIn(kriya);
    const { user_id, phone_number, token_version, iss, iat, exp } = decodeJwt(token);
    const foreign = await sign({ user_id, phone_number, token_version, exp, iat, iss });
    assert.deepEqual((await validate(kriya, foreign)).user, user);
    assert.deepEqual((await readUser(kriya, foreign)).json, user);
    assert.equal((await logOut(kriya, foreign)).status, 200);
    assert.deepEqual(await validate(kriya, foreign), REFUSED);
    assert.deepEqual(await validate(kriya, token), REFUSED);
  });

  test('those with all of Kriya\'s claims are good', async () => {
    assert.ok(await isValid(kriya, await sign(complete)));
  });

  test('a header without typ is good, as PyJWT may be told to write it', async () => {
    assert.ok(await isValid(kriya, await sign(original, secret(), { alg: 'HS256' })));
  });

  for (const name of ['aud', 'sub', 'jti', 'sid', 'token_use']) {
    test(`the original claims and ${name} alone are refused`, async () => {
      assert.equal(await isValid(kriya, await sign({ ...original, [name]: complete[name] })), false);
    });
    test(`all claims but ${name} are refused`, async () => {
      assert.equal(await isValid(kriya, await sign(without(complete, name))), false);
    });
    test(`${name} of null or another type is refused`, async () => {
      for (const value of [null, 7, {}]) {
        assert.equal(await isValid(kriya, await sign({ ...complete, [name]: value })), false, String(value));
        assert.equal(await isValid(kriya, await sign({ ...original, [name]: value })), false, String(value));
      }
    });
  }

  for (const [what, change] of [
    ['another audience', { aud: 'http://elsewhere.example.com' }],
    ['an audience that only begins like ours', () => ({ aud: `${kriya.publicUrl}0` })],
    ['an empty audience', { aud: [] }],
    ['another issuer', { iss: 'kriya' }],
    ['the public URL as issuer', () => ({ iss: kriya.publicUrl })],
    ['a token_use that is not user', { token_use: 'client' }],
    ['an unknown token_use', { token_use: 'x' }],
    ['a sub that is not user_id', { sub: NOBODY }],
    ['a user that does not exist', { user_id: NOBODY, sub: NOBODY }],
    ['a user_id that is no UUID', { user_id: "' OR 1=1 --", sub: "' OR 1=1 --" }],
    ['a numeric user_id', { user_id: 1, sub: '1' }],
    ['a token_version to come', () => ({ token_version: original.token_version + 1 })],
    ['a token_version of the past', () => ({ token_version: original.token_version - 1 })],
    ['a token_version as text', () => ({ token_version: String(original.token_version) })],
    ['a fractional token_version', () => ({ token_version: original.token_version + 0.5 })],
    ['an end in the past', () => ({ exp: seconds() - 1 })],
    ['an end as text', () => ({ exp: String(seconds() + 3600) })],
    ['an end beyond all numbers', { exp: 1e300 }],
    ['a beginning in the future', () => ({ nbf: seconds() + 3600 })],
    ['a beginning that is no number', { nbf: 'now' }],
    ['a birth in the future', () => ({ iat: seconds() + 3600 })],
    ['a birth that is no number', { iat: 'now' }],
  ]) {
    test(`${what} is refused`, async () => {
      const changed = typeof change === 'function' ? change() : change;
      assert.equal(await isValid(kriya, await sign({ ...complete, ...changed })), false);
    });
  }

  for (const name of ['user_id', 'exp', 'iss']) {
    test(`a token without ${name} is refused`, async () => {
      assert.equal(await isValid(kriya, await sign(without(original, name))), false);
      assert.equal(await isValid(kriya, await sign(without(complete, name))), false);
    });
  }

  test('a token without token_version is one of the oldest, from before the first logout', async () => {
    const { token } = await signIn(kriya);
    const { user_id, phone_number } = decodeJwt(token);
    const oldest = await sign({ ...without(original, 'token_version'), user_id, phone_number });
    assert.ok(await isValid(kriya, oldest));
    assert.equal((await readUser(kriya, oldest)).json.id, user_id);
    assert.equal((await logOut(kriya, oldest)).status, 200);
    assert.equal(await isValid(kriya, oldest), false);
    assert.equal(await isValid(kriya, await sign(without(complete, 'token_version'))), false);
  });

  test('an expired token is refused everywhere, also when it comes from the original service', async () => {
    for (const claims of [original, complete]) {
      const token = await sign({ ...claims, iat: seconds() - 7200, exp: seconds() - 3600 });
      assert.deepEqual(await validate(kriya, token), REFUSED);
      assert.equal((await readUser(kriya, token)).status, 401);
      assert.equal((await logOut(kriya, token)).status, 401);
    }
    assert.ok(await isValid(kriya, account.token), 'nobody was logged out by it');
  });

  test('another secret is refused', async () => {
    assert.equal(await isValid(kriya, await sign(complete, secret(`${JWT_SECRET}x`))), false);
  });
});

describe('forged headers under HS256', () => {
  let kriya;
  let account;
  let claims;
  before(async () => {
    kriya = await startKriya();
    account = await signIn(kriya);
    claims = decodeJwt(account.token);
  });
  after(() => kriya.dispose());
  const signText = (header, payload = JSON.stringify(claims)) => {
    const text = `${base64url(header)}.${base64url(payload)}`;
    return `${text}.${createHmac('sha256', JWT_SECRET).update(text).digest('base64url')}`;
  };
  const refuse = async (token, what) => {
    assert.equal(await isValid(kriya, token), false, what);
    assert.equal((await readUser(kriya, token)).status, 401, what);
  };

  test('the helper that forges them makes good tokens of good parts', async () => {
    assert.ok(await isValid(kriya, signText('{"alg":"HS256","typ":"JWT"}')));
    assert.ok(await isValid(kriya, signText('{"typ":"jwt","alg":"HS256"}')), 'typ is case-insensitive (RFC 7519 5.1)');
  });

  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    test(`alg ${JSON.stringify(alg)} is refused, with and without a signature`, async () => {
      const text = `${base64url(JSON.stringify({ alg, typ: 'JWT' }))}.${base64url(JSON.stringify(claims))}`;
      for (const signature of ['', account.token.split('.')[2], 'AA']) await refuse(`${text}.${signature}`, signature);
      await refuse(signText(JSON.stringify({ alg, typ: 'JWT' })), 'signed with the secret');
    });
  }

  for (const [what, header] of [
    ['alg in another case', '{"alg":"hs256","typ":"JWT"}'],
    ['alg as a list', '{"alg":["HS256"],"typ":"JWT"}'],
    ['alg null', '{"alg":null,"typ":"JWT"}'],
    ['no alg', '{"typ":"JWT"}'],
    ['alg twice', '{"alg":"none","alg":"HS256","typ":"JWT"}'],
    ['an algorithm that Kriya knows but does not use', '{"alg":"RS256","typ":"JWT"}'],
    ['an unknown crit', '{"alg":"HS256","crit":["exp"],"exp":1}'],
    ['crit b64', '{"alg":"HS256","crit":["b64"],"b64":true}'],
    ['an empty crit', '{"alg":"HS256","crit":[]}'],
    ['crit null', '{"alg":"HS256","crit":null}'],
    ['b64 false', '{"alg":"HS256","b64":false}'],
    ['another typ', '{"alg":"HS256","typ":"at+jwt"}'],
    ['a list', '["HS256"]'],
    ['a text', '"HS256"'],
    ['no JSON', 'HS256'],
    ['nothing', ''],
    ['a nest without end', `{"alg":"HS256","x":${'['.repeat(5000)}${']'.repeat(5000)}}`],
  ]) {
    test(`a header with ${what} is refused although the signature is good`, async () => {
      await refuse(signText(header), what);
    });
  }

  for (const [what, payload] of [
    ['a claim twice', () => JSON.stringify(claims).replace('{', `{"user_id":"${NOBODY}",`)],
    ['a list', () => `[${JSON.stringify(claims)}]`],
    ['broken UTF-8', () => Buffer.from(JSON.stringify({ ...claims, x: '\u00ff' }), 'latin1')],
    ['more after the end', () => `${JSON.stringify(claims)}{}`],
    ['no JSON', () => 'x'],
    ['100 kB of padding', () => JSON.stringify({ ...claims, padding: 'x'.repeat(100_000) })],
  ]) {
    test(`a payload with ${what} is refused although the signature is good`, async () => {
      // Not read back over GET: a token of 100 kB does not fit into a header block.
      assert.equal(await isValid(kriya, signText('{"alg":"HS256","typ":"JWT"}', payload())), false);
    });
  }

  test('a compressed or encrypted token is refused', async () => {
    await refuse(signText('{"alg":"HS256","zip":"DEF","enc":"A256GCM"}', 'x'), 'zip');
    await refuse(`${account.token}.x.y`, 'five parts');
  });

  test('the signature of one token does not fit another', async () => {
    const other = await signIn(kriya);
    const [header, payload] = account.token.split('.');
    await refuse(`${header}.${payload}.${other.token.split('.')[2]}`, 'swapped signature');
  });

  test('a cut signature is refused', async () => {
    const [header, payload, signature] = account.token.split('.');
    for (const length of [0, 1, 4, 22, 42]) {
      await refuse(`${header}.${payload}.${signature.slice(0, length)}`, `${length} characters`);
    }
  });

  test('a jwk of kind oct that the attacker brings along is not used', async () => {
    const own = 'the-attackers-secret-of-more-than-32-bytes';
    const jwk = { kty: 'oct', k: base64url(own), alg: 'HS256' };
    const header = { alg: 'HS256', typ: 'JWT', jwk };
    await refuse(await new SignJWT(claims).setProtectedHeader(header).sign(secret(own)), 'jwk');
  });

  test('a kid does not choose the secret', async () => {
    for (const kid of ['/dev/null', '', '0', 'x']) {
      const header = { alg: 'HS256', typ: 'JWT', kid };
      for (const text of ['', '\0', kid].filter((key) => key.length > 0)) {
        const signer = new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(header);
        await refuse(await signer.sign(secret(text)), kid);
      }
    }
  });

  test('a token signed with the SHA-256 of the secret, or with MASTER_KEY, is refused', async (t) => {
    const server = await startKriya({ t, env: { MASTER_KEY } });
    const { token } = await signIn(server);
    for (const key of [createHash('sha256').update(JWT_SECRET).digest(), secret(MASTER_KEY)]) {
      const forged = await new SignJWT(decodeJwt(token)).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(key));
      assert.equal(await isValid(server, forged), false);
    }
  });

  test('an audience list that holds ours is good, one that does not is refused', async () => {
    const sign = (aud) => new SignJWT({ ...claims, aud }).setProtectedHeader({ alg: 'HS256' }).sign(secret());
    assert.ok(await isValid(kriya, await sign([claims.aud, 'http://elsewhere.example.com'])));
    assert.equal(await isValid(kriya, await sign(['http://elsewhere.example.com'])), false);
    assert.equal(await isValid(kriya, await sign([[claims.aud]])), false);
  });

  test('no answer tells why a token was refused', async () => {
    const reasons = [
      'x',
      signText('{"alg":"none"}'),
      signText('{"alg":"HS256"}', JSON.stringify({ ...claims, exp: 1 })),
      signText('{"alg":"HS256"}', JSON.stringify({ ...claims, token_version: 99 })),
      signText('{"alg":"HS256"}', JSON.stringify(without(claims, 'iss'))),
    ];
    const answers = new Set();
    for (const token of reasons) {
      const { status, json } = await call(kriya, 'GET', '/api/auth/user', { headers: bearer(token) });
      answers.add(JSON.stringify({ status, ...json, request_id: '' }));
    }
    assert.equal(answers.size, 1, [...answers].join('\n'));
  });
});

describe('clocks', () => {
  const sign = (claims, change) =>
    new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'HS256' }).sign(secret());

  test('that differ by less than JWT_CLOCK_SKEW_SECONDS do not matter', async (t) => {
    const kriya = await startKriya({ t, env: { JWT_CLOCK_SKEW_SECONDS: '60' } });
    const claims = decodeJwt((await signIn(kriya)).token);
    assert.ok(await isValid(kriya, await sign(claims, { exp: seconds() - 30 })));
    assert.ok(await isValid(kriya, await sign(claims, { nbf: seconds() + 30 })));
    assert.equal(await isValid(kriya, await sign(claims, { exp: seconds() - 61 })), false);
    assert.equal(await isValid(kriya, await sign(claims, { nbf: seconds() + 120 })), false);
  });

  test('of more than 60 s difference cannot be set', async (t) => {
    await assert.rejects(startKriya({ t, env: { JWT_CLOCK_SKEW_SECONDS: '61' } }), /JWT_CLOCK_SKEW_SECONDS/);
  });
});
