// What the documented Chat Completions API refuses of a request, as a list of complaints.
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'];

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

function isJsonObject(text) {
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}

function* complaintsAboutTools(tools) {
  if (tools === undefined) return;
  if (!Array.isArray(tools) || tools.length === 0) return void (yield 'tools: no list, or an empty one');
  if (tools.length > 128) yield `tools: ${tools.length} of them`;
  const names = new Set();
  for (const { type, function: tool } of tools) {
    if (type !== 'function') yield `tools: the type ${type}`;
    if (!NAME.test(tool?.name)) yield `tools: the name ${tool?.name}`;
    if (names.has(tool?.name)) yield `tools: ${tool.name} twice`;
    names.add(tool?.name);
    if (typeof tool?.description !== 'string') yield `tools: ${tool?.name} has no description`;
    if (!isObject(tool?.parameters) || tool.parameters.type !== 'object') {
      yield `tools: the parameters of ${tool?.name} are no schema of an object`;
    }
  }
}

function* complaintsAboutCalls(calls, ids) {
  if (!Array.isArray(calls) || calls.length === 0) return void (yield 'tool_calls: no list, or an empty one');
  for (const { id, type, function: called } of calls) {
    if (typeof id !== 'string' || id === '') yield 'tool_calls: one has no id';
    if (ids.has(id)) yield `tool_calls: the id ${id} twice`;
    ids.add(id);
    if (type !== 'function') yield `tool_calls: the type ${type}`;
    if (!NAME.test(called?.name)) yield `tool_calls: the name ${called?.name}`;
    if (typeof called?.arguments !== 'string' || !isJsonObject(called.arguments)) {
      yield `tool_calls: the arguments ${called?.arguments} are no JSON object as a string`;
    }
  }
}

/** Every call of an assistant's message has exactly one answer, before anybody else speaks. */
function* complaintsAboutMessages(messages) {
  if (!Array.isArray(messages) || messages.length === 0) return void (yield 'messages: no list, or an empty one');
  const ids = new Set();
  let open = new Set();
  for (const [i, { role, content, tool_calls: calls, tool_call_id: answered }] of messages.entries()) {
    const where = `messages[${i}]`;
    if (!ROLES.includes(role)) yield `${where}: the role ${role}`;
    const mayBeNull = role === 'assistant' && calls !== undefined;
    if (typeof content !== 'string' && !(mayBeNull && content === null)) yield `${where}: its content is no string`;
    if (role === 'tool') {
      if (!open.delete(answered)) yield `${where}: it answers ${answered}, which is no open call`;
      continue;
    }
    if (open.size > 0) yield `${where}: the calls ${[...open]} were not answered`;
    open = new Set();
    if (calls === undefined) continue;
    if (role !== 'assistant') yield `${where}: a ${role} calls`;
    yield* complaintsAboutCalls(calls, ids);
    open = new Set(Array.isArray(calls) ? calls.map(({ id }) => id) : []);
  }
  if (open.size > 0) yield `messages: the calls ${[...open]} were not answered`;
  if (!['user', 'tool'].includes(messages.at(-1).role)) yield `messages: the ${messages.at(-1).role} speaks last`;
}

/** Of a request {method, path, headers, json} to `base`/chat/completions. */
export function complaintsAbout({ method, path, headers, json }) {
  const all = [];
  if (method !== 'POST' || !path.endsWith('/chat/completions')) all.push(`${method} ${path} is no endpoint`);
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) all.push(`the type ${headers['content-type']}`);
  if (headers.cookie !== undefined) all.push('there is a cookie');
  if (!isObject(json)) return [...all, 'the body is no JSON object'];
  if (typeof json.model !== 'string' || json.model === '') all.push('model: no string');
  if (json.stream !== undefined && typeof json.stream !== 'boolean') all.push('stream: no boolean');
  if (json.stream_options !== undefined && json.stream !== true) all.push('stream_options: without stream');
  all.push(...complaintsAboutMessages(json.messages), ...complaintsAboutTools(json.tools));
  return all;
}
