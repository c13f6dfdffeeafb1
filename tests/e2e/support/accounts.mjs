// The four auth calls, for tests whose subject is something else.
import assert from 'node:assert/strict';

import { call, uniquePhone } from './kriya.mjs';

export const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/** Registers (or signs in) and returns the answer's body: {token, user, expires_at, message}. */
export async function signIn(kriya, fields = {}, options = {}) {
  const json = { phone_number: uniquePhone(), first_name: 'Asha', ...fields };
  const answer = await call(kriya, 'POST', '/api/auth/register', { json, ...options });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

export const register = (kriya, json, headers) => call(kriya, 'POST', '/api/auth/register', { json, headers });

/** What validate-token says of a token: its whole body. */
export async function validate(kriya, token, key = kriya.apiKey) {
  const answer = await call(kriya, 'POST', '/api/auth/validate-token', {
    json: { token },
    headers: { 'X-API-Key': key },
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

export const isValid = async (kriya, token) => (await validate(kriya, token)).valid;
export const readUser = (kriya, token) => call(kriya, 'GET', '/api/auth/user', { headers: bearer(token) });
export const logOut = (kriya, token) => call(kriya, 'DELETE', '/api/auth/logout', { headers: bearer(token) });
