// The sub-commands: help, secrets, the doctor, and what an operator does with users and tokens beside a running server.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { decodeJwt, SignJWT } from 'jose';

import { isValid, readUser, signIn } from './support/accounts.mjs';
import { call, freshFolder, JWT_SECRET, run, startKriya, uniquePhone } from './support/kriya.mjs';

const UNKNOWN_ID = '019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60';
const STRONG = 'Vq3-nT7xKc1_Rw9zLb5YdGf2HsJm8PaUeXo4iB6kQtE';
const configuration = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const documented = [...configuration.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name);

async function succeeds(args, options) {
  const { code, stdout, stderr } = await run(args, options);
  assert.equal(code, 0, `kriya ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

async function fails(args, options) {
  const { code, stdout, stderr } = await run(args, options);
  assert.ok(Number.isInteger(code) && code !== 0, `kriya ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stderr;
}

describe('help', { concurrency: true }, () => {
  const commands = ['serve', 'migrate', 'doctor', 'user', 'token', 'export', 'import', 'secret', 'version'];

  test('lists every sub-command', async () => {
    const help = await succeeds(['--help']);
    for (const command of commands) assert.match(help, new RegExp(`^\\s+${command}\\s+\\S`, 'm'));
  });

  for (const command of [
    ...commands,
    'user list',
    'user show',
    'user revoke',
    'user delete',
    'user export',
    'user grant',
    'user ungrant',
    'token inspect',
  ]) {
    test(`${command} --help says what it does`, async () => {
      const help = await succeeds([...command.split(' '), '--help']);
      assert.match(help, new RegExp(`^Usage: kriya ${command}`, 'm'));
      assert.ok(help.indexOf('Usage:') > 10, 'a sentence stands before the usage');
    });
  }

  test('of serve shows every variable of the documents with what it allows', async () => {
    const help = await succeeds(['serve', '--help']);
    assert.ok(documented.length > 35);
    for (const name of documented) assert.match(help, new RegExp(`^\\s+${name}\\b`, 'm'));
    const shown = [...help.matchAll(/^ {2}([A-Z][A-Z_]+)\b/gm)].map(([, name]) => name);
    assert.deepEqual(shown, documented, 'and no other');
  });

  test('needs no usable configuration', async () => {
    await succeeds(['serve', '--help'], { env: { PORT: 'rubbish' } });
    await succeeds(['version'], { env: { PORT: 'rubbish' } });
    await succeeds(['secret'], { env: { ENVIRONMENT: 'rubbish' } });
  });
});

describe('a wrong command line', { concurrency: true }, () => {
  for (const args of [
    [],
    ['frobnicate'],
    ['--frobnicate'],
    ['user'],
    ['user', 'frobnicate'],
    ['user', 'show'],
    ['token'],
    ['serve', 'now'],
    ['serve', '--port', '80'],
    ['user', 'list', '--frobnicate'],
    ['secret', 'please'],
  ]) {
    test(`of kriya ${args.join(' ')} ends with a code other than 0 and says why`, async () => {
      assert.match(await fails(args), /\S/);
    });
  }
});

test('version prints one line', async () => {
  assert.match(await succeeds(['version']), /^kriya \d+\.\d+\.\d+\S*\n$/);
});

test('secret prints 256 random bits in base64url, other ones each time', async () => {
  const secrets = await Promise.all(Array.from({ length: 20 }, () => succeeds(['secret'])));
  for (const secret of secrets) {
    assert.match(secret, /^[A-Za-z0-9_-]{43}\n$/);
    assert.equal(Buffer.from(secret.trim(), 'base64url').length, 32);
  }
  assert.equal(new Set(secrets).size, secrets.length);
});

test('a secret is strong enough for everything that wants one', async (t) => {
  const [JWT_SECRET_KEY, PLANE_API_KEY, MASTER_KEY, METRICS_TOKEN] = await Promise.all(
    Array.from({ length: 4 }, async () => (await succeeds(['secret'])).trim()),
  );
  const env = {
    ENVIRONMENT: 'production',
    PHONE_VERIFICATION: undefined,
    JWT_SECRET_KEY,
    PLANE_API_KEY,
    MASTER_KEY,
    METRICS_TOKEN,
  };
  const kriya = await startKriya({ t, env });
  assert.equal((await call(kriya, 'GET', '/health')).status, 200);
});

describe('the configuration', { concurrency: true }, () => {
  const wrong = {
    ENVIRONMENT: 'staging',
    DEBUG: 'maybe',
    PORT: '65536',
    WORKERS: '0',
    PUBLIC_URL: 'ftp://example.org',
    TRUSTED_PROXIES: '10.0.0.0/33',
    DATABASE_URL: 'mysql://operator:dbpassword@db/kriya',
    REDIS_URL: 'redis//nowhere',
    JWT_SECRET_KEY: 'too-short',
    JWT_ALGORITHM: 'none',
    JWT_CLOCK_SKEW_SECONDS: '61',
    TOKEN_EXPIRY_HOURS: '-1',
    ALLOWED_ORIGINS: '*',
    COOKIE_SAMESITE: 'none',
    PHONE_VERIFICATION: 'sometimes',
    SMS_PROVIDER: 'pigeon',
    MAX_CONNECTIONS: '0',
    MAX_CONNECTIONS_PER_ADDRESS: '599',
    LOG_LEVEL: 'loud',
  };

  for (const command of ['serve', 'migrate', 'doctor', 'user list']) {
    test(`errors are all reported at once by ${command}, one line each, without secrets`, async () => {
      const { code, stdout, stderr } = await run(command.split(' '), { env: wrong });
      assert.equal(code, 1);
      const lines = (stdout + stderr).split('\n');
      for (const name of Object.keys(wrong)) {
        assert.equal(
          lines.filter((line) => new RegExp(`^\\W*${name}\\b`).test(line)).length,
          1,
          `${name} in ${lines.join('\n')}`,
        );
      }
      for (const secret of ['too-short', 'dbpassword']) assert.ok(!lines.join('\n').includes(secret));
      for (const value of ['staging', '65536', 'pigeon'])
        assert.ok(lines.join('\n').includes(value), 'what was given is shown');
    });
  }

  test('takes every spelling of yes and no', async () => {
    for (const DEBUG of ['true', 'False', '1', '0', 'YES', 'no', 'On', 'OFF'])
      await succeeds(['doctor'], { env: { DEBUG } });
  });

  test('a name in .env that looks misspelt is a warning', async () => {
    const cwd = freshFolder();
    try {
      writeFileSync(path.join(cwd, '.env'), 'PLANE_API_KEYS=a-value-that-is-a-secret\nUNRELATED=1\n', { mode: 0o600 });
      const { code, stdout, stderr } = await run(['doctor'], { cwd });
      assert.equal(code, 0);
      assert.match(stderr, /PLANE_API_KEYS.*did you mean PLANE_API_KEY\b/);
      assert.doesNotMatch(stdout + stderr, /UNRELATED|a-value-that-is-a-secret/);
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });
});

describe('doctor', { concurrency: true }, () => {
  const marks = (text) => ({
    fine: text.match(/^✔ /gm)?.length ?? 0,
    advice: text.match(/^! /gm)?.length ?? 0,
    unsafe: text.match(/^✘ /gm)?.length ?? 0,
  });
  const good = { ENVIRONMENT: 'production', JWT_SECRET_KEY: STRONG, PLANE_API_KEY: 'k9Xw2LmQ7vRt4ZbN8sYc' };

  test('finds nothing unsafe in a fresh development, and makes no file', async () => {
    const cwd = freshFolder();
    try {
      const text = await succeeds(['doctor'], { cwd });
      const { fine, advice, unsafe } = marks(text);
      assert.ok(fine > 5 && advice > 0);
      assert.equal(unsafe, 0);
      assert.match(text, new RegExp(`^${fine} fine, ${advice} to consider, 0 unsafe$`, 'm'));
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });

  test('says that test numbers are over', async () => {
    const env = { TEST_PHONE_NUMBERS: '+14155550100=123456', TEST_PHONE_NUMBERS_UNTIL: '2020-01-01' };
    const text = await succeeds(['doctor'], { env });
    assert.match(text, /^! TEST_PHONE_NUMBERS have not counted since 2020-01-01 ended — /m);
  });

  test('passes a good production configuration', async () => {
    const text = await succeeds(['doctor'], { env: good });
    assert.equal(marks(text).unsafe, 0);
    assert.ok(!text.includes(STRONG));
  });

  test('says what to do about each thing that is unsafe in production, and ends with 1', async () => {
    const { code, stdout } = await run(['doctor'], {
      env: {
        ENVIRONMENT: 'production',
        DEBUG: 'true',
        SMS_PROVIDER: 'console',
        PHONE_VERIFICATION: 'off',
        JWT_SECRET_KEY: 'weak-secret-value',
      },
    });
    assert.equal(code, 1);
    const unsafe = stdout.split('\n').filter((line) => line.startsWith('✘ '));
    for (const name of ['JWT_SECRET_KEY', 'PLANE_API_KEY', 'SMS_PROVIDER', 'PHONE_VERIFICATION', 'DEBUG']) {
      const line = unsafe.find((one) => one.includes(name)) ?? assert.fail(`${name} is missing in:\n${stdout}`);
      assert.match(line, / — ./);
    }
    assert.match(stdout, new RegExp(`${unsafe.length} unsafe$`, 'm'));
    assert.ok(!stdout.includes('weak-secret-value'));
  });

  for (const [name, value] of [
    ['DEBUG', 'true'],
    ['RATE_LIMITS', 'off'],
    ['PHONE_VERIFICATION', 'off'],
    ['SMS_PROVIDER', 'console'],
    ['JWT_SECRET_KEY', 'short'],
    ['PLANE_API_KEY', 'short'],
    ['METRICS_TOKEN', 'short'],
  ]) {
    test(`finds ${name}=${value} unsafe in production, and serve refuses it too`, async () => {
      const env = { ...good, [name]: value };
      const doctor = await run(['doctor'], { env });
      assert.equal(doctor.code, 1);
      assert.match(doctor.stdout, new RegExp(`^✘ .*${name}`, 'm'));
      assert.match(await fails(['serve'], { env: { ...env, PORT: '0' } }), new RegExp(name));
    });
  }

  test('finds a .env that everybody may read', async () => {
    const cwd = freshFolder();
    try {
      chmodSync(cwd, 0o755);
      writeFileSync(path.join(cwd, '.env'), `JWT_SECRET_KEY=${STRONG}\n`);
      chmodSync(path.join(cwd, '.env'), 0o644);
      assert.match(await succeeds(['doctor'], { cwd }), /^! .*\.env.*chmod 600/m);
      const strict = await run(['doctor'], { cwd, env: { ...good, JWT_SECRET_KEY: undefined } });
      assert.equal(strict.code, 1);
      assert.match(strict.stdout, /^✘ .*\.env.*chmod 600/m);
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });
});

describe('beside a running server', { concurrency: 1 }, () => {
  let kriya;
  let store; // what makes a command look at the server's database with the server's keys
  before(async () => {
    const env = { PUBLIC_URL: 'http://kriya.test' };
    kriya = await startKriya({ env });
    const { PORT, ...settings } = kriya.settings;
    store = { cwd: kriya.cwd, env: settings };
  });
  after(() => kriya.dispose());

  const command = (...args) => succeeds(args, store);

  describe('user list', () => {
    test('shows every user on a line', async () => {
      const first = await signIn(kriya, { first_name: 'Zoë', last_name: 'Müller' });
      const second = await signIn(kriya);
      const lines = (await command('user', 'list')).trim().split('\n');
      const line = lines.find((one) => one.includes(first.user.id));
      assert.ok(line.includes(first.user.phone_number) && line.includes('Zoë Müller'));
      const position = (user) => lines.findIndex((one) => one.includes(user.id));
      assert.ok(position(first.user) < position(second.user), 'oldest first');
    });

    test('--json is one object a line', async () => {
      const { user } = await signIn(kriya, { email: 'zoe@example.com' });
      const users = (await command('user', 'list', '--json')).trim().split('\n').map(JSON.parse);
      const { token_version, scope, ...shown } = users.find(({ id }) => id === user.id);
      assert.deepEqual(shown, user);
      assert.equal(token_version, 0);
      assert.equal(scope, null);
    });
  });

  describe('user show', () => {
    test('finds by id and by any spelling of the number', async () => {
      const { user } = await signIn(kriya);
      const spellings = [
        user.id,
        user.phone_number,
        user.phone_number.replace('+', '00'),
        `tel:${user.phone_number}`,
        user.id.toUpperCase(),
      ];
      for (const who of spellings) {
        const { token_version, scope, ...shown } = JSON.parse(await command('user', 'show', who));
        assert.deepEqual(shown, user, who);
      }
    });
  });

  for (const action of ['show', 'revoke', 'delete', 'export']) {
    test(`user ${action} of nobody fails and says so`, async () => {
      const yes = action === 'delete' ? ['--yes'] : [];
      for (const who of [UNKNOWN_ID, uniquePhone()]) {
        const error = await fails(['user', action, who, ...yes], store);
        assert.ok(error.startsWith('kriya: ') && error.includes(who), error);
      }
      assert.match(
        await fails(['user', action, "x' OR 1=1 --", ...yes], store),
        /neither a user id nor a phone number/,
      );
    });
  }

  describe('user revoke', () => {
    test('ends every token of that user at once, and nobody else’s', async () => {
      const { token, user } = await signIn(kriya);
      const again = await signIn(kriya, { phone_number: user.phone_number });
      const other = await signIn(kriya);
      assert.ok(await isValid(kriya, token));
      await command('user', 'revoke', user.phone_number);
      for (const dead of [token, again.token]) {
        assert.equal(await isValid(kriya, dead), false);
        assert.equal((await readUser(kriya, dead)).status, 401);
      }
      assert.ok(await isValid(kriya, other.token));
      const fresh = await signIn(kriya, { phone_number: user.phone_number });
      assert.equal(fresh.message, 'Login successful');
      assert.ok(await isValid(kriya, fresh.token));
    });
  });

  describe('user grant', () => {
    test('gives and takes rights one by one, and tells them in the next token', async () => {
      const { user } = await signIn(kriya);
      const scope = async () => JSON.parse(await command('user', 'show', user.id)).scope;
      await command('user', 'grant', user.id, 'messages:send', 'messages:read', 'messages:send');
      assert.equal(await scope(), 'messages:send messages:read');
      const { token } = await signIn(kriya, { phone_number: user.phone_number });
      assert.equal(decodeJwt(token).scope, 'messages:send messages:read');
      await command('user', 'ungrant', user.id, 'messages:send');
      assert.equal(await scope(), 'messages:read');
      await command('user', 'ungrant', user.id, 'messages:read');
      assert.equal(await scope(), null);
      assert.match(await fails(['user', 'grant', user.id, 'two words'], store), /is no scope/);
    });
  });

  describe('user delete', () => {
    test('asks first; without a terminal and without --yes nothing happens', async () => {
      const { token, user } = await signIn(kriya);
      assert.match(await fails(['user', 'delete', user.id], { ...store, input: 'yes\n' }), /--yes/);
      assert.ok(await isValid(kriya, token));
    });

    test('removes the user, whose tokens are invalid from then on', async () => {
      const { token, user } = await signIn(kriya);
      await command('user', 'delete', user.id, '--yes');
      assert.equal(await isValid(kriya, token), false);
      assert.equal((await readUser(kriya, token)).status, 401);
      await fails(['user', 'show', user.id], store);
      assert.ok(!(await command('user', 'list')).includes(user.phone_number));
      const back = await signIn(kriya, { phone_number: user.phone_number });
      assert.equal(back.message, 'Registration successful');
      assert.notEqual(back.user.id, user.id);
      assert.equal(await isValid(kriya, token), false, 'the old token stays dead');
    });
  });

  describe('user export', () => {
    test('holds the profile and the trail of tokens, but no token', async () => {
      const { token, user } = await signIn(
        kriya,
        { email: 'asha@example.com' },
        { headers: { 'User-Agent': 'export-test' } },
      );
      const text = await command('user', 'export', user.id);
      const { user: profile, sessions, issued_tokens, messages } = JSON.parse(text);
      assert.equal(profile.email, 'asha@example.com');
      assert.equal(issued_tokens.length, 1);
      assert.equal(sessions.length, 1);
      assert.deepEqual(messages, []);
      const [{ id, client_address, user_agent, expires_at }] = issued_tokens;
      const claims = decodeJwt(token);
      assert.equal(id, claims.jti);
      assert.equal(client_address, '127.0.0.1');
      assert.equal(user_agent, 'export-test');
      assert.equal(Date.parse(expires_at), claims.exp * 1000);
      for (const part of token.split('.')) assert.ok(!text.includes(part));
      assert.doesNotMatch(text, /hash|eyJ[\w-]+\.eyJ/);
    });
  });

  describe('token inspect', () => {
    const secret = new TextEncoder().encode(JWT_SECRET);
    const resigned = (token, changes, key = secret) =>
      new SignJWT({ ...decodeJwt(token), ...changes }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key);

    test('shows a good token, given as an argument or on standard input', async () => {
      const { token, user } = await signIn(kriya);
      const shown = await command('token', 'inspect', token);
      assert.match(shown, new RegExp(`verdict +valid: belongs to \\${user.phone_number}`));
      assert.match(shown, /signature +good/);
      assert.match(shown, /"alg": "HS256"/);
      assert.ok(shown.includes(`"sub": "${user.id}"`));
      const expires = new Date(decodeJwt(token).exp * 1000).toISOString().slice(0, 19);
      assert.match(shown, new RegExp(`expires +${expires}`));
      for (const args of [[], ['-']]) {
        assert.equal(await succeeds(['token', 'inspect', ...args], { ...store, input: `${token}\n` }), shown);
        assert.equal(await succeeds(['token', 'inspect', ...args], { ...store, input: `  ${token}\r\nmore` }), shown);
      }
    });

    const verdict = async (token) => {
      const { stdout, stderr } = await run(['token', 'inspect', token], store);
      return stdout.match(/^verdict +(.*)$/m)?.[1] ?? assert.fail(stdout + stderr);
    };

    test('tells why a token is refused', async () => {
      const { token, user } = await signIn(kriya);
      const now = Math.floor(Date.now() / 1000);
      const foreign = await resigned(token, {}, new TextEncoder().encode(STRONG));
      assert.equal(await verdict(foreign), 'refused: bad signature');
      const [header, , signature] = token.split('.');
      const forged = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: UNKNOWN_ID })).toString('base64url');
      assert.equal(await verdict(`${header}.${forged}.${signature}`), 'refused: bad signature');
      const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
      assert.equal(await verdict(`${unsigned}.${token.split('.')[1]}.`), 'refused: bad signature');
      assert.match(await verdict(await resigned(token, { iat: now - 20, exp: now - 10 })), /^refused: expired/);
      assert.match(await verdict(await resigned(token, { aud: 'http://elsewhere.test' })), /^refused: .*issued for/);
      await command('user', 'revoke', user.id);
      assert.match(await verdict(token), /^refused: revoked/);
      await command('user', 'delete', user.id, '--yes');
      assert.match(await verdict(token), /^refused: .*the user is gone/);
    });

    test('refuses what is no token', async () => {
      const bad = ['garbage', 'a.b', 'a.b.c', '..', `${'a'.repeat(60_000)}.b.c`, 'é.è.ê'];
      for (const token of bad) {
        const { code, stdout, stderr } = await run(['token', 'inspect'], { ...store, input: token });
        assert.equal(code, 1, `${token.slice(0, 40)}: ${stdout}`);
        assert.match(stderr, /^kriya: this is no JWT/);
        assert.doesNotMatch(stdout, /valid: belongs/);
      }
      assert.equal((await run(['token', 'inspect'], { ...store, input: '' })).code, 1);
    });

    test('prints what a token holds without letting it drive the terminal', async () => {
      const { token } = await signIn(kriya);
      const { stdout } = await run(
        ['token', 'inspect', await resigned(token, { note: '\x1b[31mred\x07\u009b31m' })],
        store,
      );
      assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
    });
  });

  test('commands leave the server’s log and answers alone', async () => {
    assert.equal((await call(kriya, 'GET', '/health/ready')).status, 200);
    assert.doesNotMatch(kriya.stderr(), /"level":"(error|warning)"/);
  });
});

describe('without a database', { concurrency: true }, () => {
  for (const args of [
    ['user', 'list'],
    ['user', 'show', UNKNOWN_ID],
  ]) {
    test(`kriya ${args.join(' ')} says what to do and makes none`, async () => {
      const cwd = freshFolder();
      try {
        assert.match(await fails(args, { cwd }), /kriya migrate/);
        assert.match((await run(['migrate', '--status'], { cwd })).stdout, /pending/);
      } finally {
        rmSync(cwd, { recursive: true });
      }
    });
  }
});
