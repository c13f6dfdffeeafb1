// Telesign's two ways to say who asks, Basic and the TSA digest over the request, and the digest of a callback's body.
import { createHmac, timingSafeEqual } from 'node:crypto';

const METHOD = 'HMAC-SHA256';
const RFC_822 = new RegExp(
  '^((Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \\d{4} '
  + '\\d{2}:\\d{2}:\\d{2} (GMT|UT|[+-]\\d{4})$',
);

/**
 * The bytes that a request's digest covers. `date` is the Date header, unused where there is `tsDate` (x-ts-date);
 * `body` the exact bytes sent; `path` has no query. Only POST and PUT sign their Content-Type.
 */
export function stringToSign({ method, path, body = '', contentType = '', date = '', tsDate, nonce }) {
  const bytes = Buffer.from(body);
  const head = [
    method,
    method === 'POST' || method === 'PUT' ? contentType : '',
    tsDate === undefined ? date : '',
    `x-ts-auth-method:${METHOD}`,
    ...(tsDate === undefined ? [] : [`x-ts-date:${tsDate}`]),
    `x-ts-nonce:${nonce}`,
  ];
  const tail = bytes.length > 0 ? [bytes, Buffer.from('\n')] : [];
  return Buffer.concat([Buffer.from(`${head.join('\n')}\n`), ...tail, Buffer.from(path)]);
}

/** Base64 HMAC-SHA256 under the decoded API key: of a request's stringToSign, or of a callback's raw body. */
export const sign = (apiKey, bytes) =>
  createHmac('sha256', Buffer.from(apiKey, 'base64')).update(bytes).digest('base64');

export const tsaAuthorization = (customerId, apiKey, bytes) => `TSA ${customerId}:${sign(apiKey, bytes)}`;

export const basicAuthorization = (customerId, apiKey) =>
  `Basic ${Buffer.from(`${customerId}:${apiKey}`).toString('base64')}`;

const equal = (left, right) => left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/** Checks requests, and remembers the nonces that were used. */
export class Authenticator {
  #nonces = new Set();

  /** `tolerance`: how far a Date may be from now, in ms. */
  constructor({ customerId, apiKey, tolerance = 15 * 60_000 }) {
    Object.assign(this, { customerId, apiKey, tolerance });
  }

  /** Undefined for a good request, else {reason, signatureString?}; the reasons are the keys of telesign_errors.mjs. */
  check(request) {
    const { authorization } = request.headers;
    if (authorization === undefined) return { reason: 'missingAuthorization' };
    const [, scheme, credentials] = authorization.match(/^(TSA|Basic) ([\x21-\x7e]+)$/) ?? [];
    request.authentication = scheme;
    if (scheme === 'TSA') return this.#checkDigest(request, credentials);
    return scheme === 'Basic' ? this.#checkBasic(credentials) : { reason: 'badAuthorization' };
  }

  #checkBasic(credentials) {
    const [, customerId, apiKey] = Buffer.from(credentials, 'base64').toString('utf8').match(/^([^:]*):(.*)$/s) ?? [];
    if (customerId === undefined) return { reason: 'badAuthorization' };
    if (customerId !== this.customerId) return { reason: 'unknownCustomer' };
    return equal(apiKey, this.apiKey) ? undefined : { reason: 'badApiKey' };
  }

  #checkDigest({ method, path, raw, headers }, credentials) {
    const [, customerId, signature] = credentials.match(/^([^:]+):([A-Za-z0-9+/]{43}=)$/) ?? [];
    if (customerId === undefined) return { reason: 'badAuthorization' };
    if (customerId !== this.customerId) return { reason: 'unknownCustomer' };
    if (headers['x-ts-auth-method'] !== METHOD) return { reason: 'badAuthMethod' };
    const wrongDate = this.#checkDate(headers['x-ts-date'] ?? headers.date);
    if (wrongDate) return { reason: wrongDate };
    const nonce = headers['x-ts-nonce'] ?? '';
    if (nonce.length < 10 || nonce.length > 100) return { reason: 'badNonce' };
    const signed = stringToSign({
      method,
      path,
      body: raw,
      contentType: headers['content-type'],
      date: headers.date,
      tsDate: headers['x-ts-date'],
      nonce,
    });
    if (!equal(signature, sign(this.apiKey, signed))) {
      return { reason: 'badSignature', signatureString: signed.toString('utf8') };
    }
    if (this.#nonces.has(nonce)) return { reason: 'reusedNonce' };
    this.#nonces.add(nonce);
    return undefined;
  }

  #checkDate(date) {
    if (date === undefined) return 'missingDate';
    const time = RFC_822.test(date) ? Date.parse(date) : NaN;
    if (Number.isNaN(time)) return 'badDate';
    return Math.abs(time - Date.now()) > this.tolerance ? 'staleDate' : undefined;
  }
}
