// What Telesign says about a number: PhoneID with its add-ons, the live check, Intelligence and Score. A number is an
// ordinary mobile of little risk until a test says otherwise.
import net from 'node:net';

import { newReference, Refusal, statusOf } from './telesign_errors.mjs';
import { isExternalId, isPhone, LIFECYCLE_EVENTS } from './telesign_sending.mjs';
import { digitsOf } from './stand_in.mjs';

/** The code of a phone type, by its description. */
export const PHONE_TYPES = {
  FIXED_LINE: '1', MOBILE: '2', PREPAID: '3', TOLL_FREE: '4', VOIP: '5', PAGER: '6', PAYPHONE: '7', INVALID: '8',
  RESTRICTED_PREMIUM: '9', PERSONAL: '10', VOICEMAIL: '11', OTHER: '20',
};

/** What the block_code 0 to 4 means. */
const BLOCKS = [
  'Not blocked', 'Blocked by Telesign', 'Blocked by your organization', 'Blocked for your account', 'Unknown',
];

/** Telesign's example of how a score becomes a recommendation. */
function gradeRisk(score) {
  const [, level, recommendation] = [
    [200, 'very-low', 'allow'], [400, 'low', 'allow'], [600, 'medium', 'flag'], [800, 'high', 'block'],
    [1000, 'very-high', 'block'],
  ].find(([highest]) => score <= highest);
  return { level, recommendation, score };
}

/** The numbers that tests have described. */
export class Numbers {
  #known = new Map();

  /**
   * Describes a number, on top of what was said before:
   *   type      a key of PHONE_TYPES
   *   score     0 to 1000, or risk: {level, recommendation, score} as it is
   *   blocked   block_code, 0 to 4
   *   country   {iso2, iso3, name, code}
   *   carrier   a name
   *   addons    by add-on: what to answer beside status, or {status: {code}} alone for one that has no data
   *   live      the object of the live check; null for a number without data
   *   whatsapp  false for a number without WhatsApp; window 'closed' for one that has not written within 24 hours
   */
  set(phone, description) {
    this.#known.set(digitsOf(phone), { ...this.of(phone), ...description });
  }

  of(phone) {
    return this.#known.get(digitsOf(phone)) ?? {};
  }
}

const usa = { iso2: 'US', iso3: 'USA', name: 'United States', code: '1' };

/** What PhoneID, Intelligence and Score all answer with. */
function aboutNumber(to, { type = 'MOBILE', blocked = 0, country = usa, carrier = 'Verizon' }) {
  const national = to.slice(country.code.length);
  const cleansed = { cleansed_code: 100, country_code: country.code, min_length: 10, max_length: 10 };
  const { iso2, iso3, name } = country;
  return {
    phone_type: { code: PHONE_TYPES[type], description: type },
    blocklisting: { block_code: blocked, block_description: BLOCKS[blocked], blocked: blocked !== 0 },
    numbering: {
      original: { phone_number: national, complete_phone_number: to, country_code: country.code },
      cleansing: { call: { ...cleansed, phone_number: national }, sms: { ...cleansed, phone_number: national } },
    },
    location: {
      city: 'Odessa',
      county: null,
      state: null,
      zip: null,
      country: { iso2, iso3, name },
      time_zone: { name: null, utc_offset_min: '-6', utc_offset_max: '-6' },
      coordinates: { latitude: null, longitude: null },
      metro_code: null,
    },
    carrier: { name: carrier, carrier_id: 0, mcc: '310', mnc: '004' },
  };
}

/** What an add-on says when nothing was described. */
const addons = {
  age_verify: { age_verified: true },
  active_call_status: { is_call_active: false },
  breached_number_check: { phone_number_breached: false },
  call_forward_detection: { call_forward_enabled: 'false' },
  contact: { first_name: 'MYLA', last_name: 'JONES', city: 'LEXINGTON', country: 'US' },
  contact_match: { first_name_score: 100, last_name_score: 100, address_score: -1 },
  number_deactivation: {
    carrier_name: 'Verizon',
    last_deactivated: '2018-04-06T00:00:00Z',
    tracking_since: '2014-10-06T00:00:00Z',
    recycled_since_last_verification: 'not_recycled',
  },
  porting_history: {
    carrier_current: 'Sprint Spectrum, L.P.',
    carrier_previous: 'US Cellular Corp.',
    port_date: '2018-08-26T16:33:19Z',
    number_of_portings: '1',
    phone_type_current: 'MOBILE',
    phone_type_previous: 'MOBILE',
  },
  porting_status: { ported: false, mcc_current: '310', mnc_current: '004' },
  sim_swap: { swap_date: '2018-09-05T00:00:00Z', swap_time: '00:00:00', risk_indicator: '1' },
  subscriber_status: { account_status: 'active', account_type: 'individual', contract_type: 'postpaid' },
};

function answerAddon(name, given = {}) {
  if (!Object.hasOwn(addons, name)) return { status: statusOf(2801) };
  if (given.status && given.status.code !== 2800) return { status: statusOf(given.status.code) };
  return { ...addons[name], ...given, status: statusOf(2800) };
}

const invalid = (code, name) => {
  throw new Refusal(400, code, `Invalid value for parameter ${name}`);
};

function checkCommon(to, fields) {
  if (to === undefined) throw new Refusal(400, 12000);
  if (typeof to !== 'string' || !isPhone(to)) throw new Refusal(400, 11000);
  const { account_lifecycle_event: event, originating_ip: ip, external_id: id } = fields;
  if (event !== undefined && !LIFECYCLE_EVENTS.includes(event)) invalid(11003, 'account_lifecycle_event');
  if (ip !== undefined && net.isIP(ip) === 0) invalid(11010, 'originating_ip');
  if (id !== undefined && !isExternalId(id)) invalid(11016, 'external_id');
}

/** POST /v1/phoneid/{number}, or POST /v1/phoneid with phone_number in the body. */
export function phoneId(telesign, { fields }, number) {
  const to = number ?? fields.phone_number;
  checkCommon(to, fields);
  const known = telesign.numbers.of(to);
  const asked = Object.keys(fields.addons ?? {}).map((name) => [name, answerAddon(name, known.addons?.[name])]);
  const complete = asked.every(([, { status }]) => status.code === 2800);
  return {
    reference_id: newReference(),
    status: statusOf(complete ? 300 : 301),
    ...aboutNumber(to, known),
    ...Object.fromEntries(asked),
    external_id: fields.external_id ?? null,
  };
}

/** GET /v1/phoneid/live/{number}?ucid= */
export function phoneIdLive(telesign, request, number) {
  if (!isPhone(number)) throw new Refusal(400, -10001);
  const { live, ...known } = telesign.numbers.of(number);
  if (live === null) throw new Refusal(404, -60001);
  const usual = { subscriber_status: 'ACTIVE', device_status: 'REACHABLE', roaming: 'NO' };
  return {
    reference_id: newReference(),
    sub_resource: 'live',
    errors: [],
    status: statusOf(300),
    ...aboutNumber(number, known),
    live: { ...usual, roaming_country: null, roaming_country_iso2: null, ...live },
  };
}

export const riskOf = ({ score = 100, risk = gradeRisk(score) }) => risk;

/** POST /intelligence/phone, POST /intelligence, POST /v1/score/{number}: a lifecycle event is required. */
export function intelligence(telesign, { fields }, number) {
  const to = number ?? fields.phone_number;
  checkCommon(to, fields);
  if (fields.account_lifecycle_event === undefined) invalid(11003, 'account_lifecycle_event');
  const known = telesign.numbers.of(to);
  return {
    reference_id: newReference(),
    external_id: fields.external_id ?? null,
    status: statusOf(300),
    ...aboutNumber(to, known),
    risk: riskOf(known),
    risk_insights: { status: 800, category: [10010], a2p: [0], p2p: [0], number_type: [0], ip: [0], email: [0] },
  };
}
