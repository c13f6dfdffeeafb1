// What the WhatsApp Cloud API accepts as a message, by the documented limits.

/** A message that the API refuses: the Graph error code, and what is wrong. */
export class GraphError extends Error {
  constructor(code, details, http) {
    super(details);
    Object.assign(this, { code, details, http });
  }
}

const bad = (details, code = 100) => {
  throw new GraphError(code, details);
};
const text = (value, name, longest, shortest = 1) => {
  const length = typeof value === 'string' ? [...value].length : -1;
  if (length < shortest || length > longest) bad(`${name} must be text of ${shortest} to ${longest} characters`);
};
const optionalText = (value, name, longest) => value === undefined || text(value, name, longest);
const object = (value, name) =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : bad(`${name} is required`, 131008);
const between = (list, least, most, name) => {
  const count = Array.isArray(list) ? list.length : 0;
  if (count < least || count > most) bad(`${name}: ${least} to ${most} are allowed`);
};
const isWebUrl = (link) => URL.canParse(link) && ['http:', 'https:'].includes(new URL(link).protocol);
const unique = (values, name) => new Set(values).size === values.length || bad(`${name} must be unique`);

const MEDIA = ['image', 'video', 'document', 'audio', 'sticker'];

function checkMedia(type, media, name = type) {
  const { id, link, caption, filename } = object(media, name);
  if ((id === undefined) === (link === undefined)) bad(`${name} needs either id or link`);
  if (id !== undefined) text(id, `${name}.id`, 200);
  if (link !== undefined && !isWebUrl(link)) bad(`${name}.link is no URL`);
  optionalText(caption, `${name}.caption`, 1024);
  if (caption !== undefined && (type === 'audio' || type === 'sticker')) bad(`${name} takes no caption`);
  if (filename !== undefined && type !== 'document') bad(`${name} takes no filename`);
}

function checkHeader(header, types) {
  if (header === undefined) return;
  const { type } = object(header, 'interactive.header');
  if (!types.includes(type)) bad(`interactive.header.type must be ${types.join(' or ')}`);
  if (header.type === 'text') return void text(header.text, 'interactive.header.text', 60);
  checkMedia(header.type, header[header.type], `interactive.header.${header.type}`);
}

function checkButtons({ header, body, action }) {
  checkHeader(header, ['text', 'image', 'video', 'document']);
  text(object(body, 'interactive.body').text, 'interactive.body.text', 1024);
  const { buttons } = object(action, 'interactive.action');
  between(buttons, 1, 3, 'interactive.action.buttons');
  for (const { type, reply } of buttons) {
    if (type !== 'reply') bad('interactive.action.buttons.type must be reply');
    text(object(reply, 'reply').id, 'reply.id', 256);
    text(reply.title, 'reply.title', 20);
  }
  unique(buttons.map(({ reply }) => reply.id), 'reply.id');
  unique(buttons.map(({ reply }) => reply.title), 'reply.title');
}

function checkList({ header, body, action }) {
  checkHeader(header, ['text']);
  text(object(body, 'interactive.body').text, 'interactive.body.text', 4096);
  const { button, sections } = object(action, 'interactive.action');
  text(button, 'interactive.action.button', 20);
  between(sections, 1, 10, 'interactive.action.sections');
  const rows = sections.flatMap(({ title, rows: own }) => {
    if (sections.length > 1 || title !== undefined) text(title, 'section.title', 24);
    return Array.isArray(own) && own.length > 0 ? own : bad('section.rows is required', 131008);
  });
  between(rows, 1, 10, 'rows of all sections');
  for (const { id, title, description } of rows) {
    text(id, 'row.id', 200);
    text(title, 'row.title', 24);
    optionalText(description, 'row.description', 72);
  }
  unique(rows.map(({ id }) => id), 'row.id');
}

function checkInteractive(interactive) {
  const checks = { button: checkButtons, list: checkList };
  const check = checks[object(interactive, 'interactive').type] ?? bad('interactive.type must be button or list');
  if (interactive.footer !== undefined) text(interactive.footer?.text, 'interactive.footer.text', 60);
  check(interactive);
}

function checkParameter(parameter) {
  const { type } = object(parameter, 'parameter');
  if (type === 'text') return void text(parameter.text, 'parameter.text', 1024);
  if (type === 'payload') return void text(parameter.payload, 'parameter.payload', 128);
  if (['image', 'video', 'document'].includes(type)) return void checkMedia(type, parameter[type]);
  if (!['currency', 'date_time', 'location'].includes(type)) bad(`parameter.type ${type} is unknown`);
}

function checkComponent({ type, sub_type: subType, index, parameters = [] }) {
  if (!['header', 'body', 'button', 'footer'].includes(type)) bad(`component.type ${type} is unknown`);
  if (!Array.isArray(parameters)) bad('component.parameters must be a list');
  parameters.forEach(checkParameter);
  if (type !== 'button') return;
  if (!['quick_reply', 'url', 'copy_code'].includes(subType)) bad('button.sub_type is unknown');
  if (!/^\d$/.test(String(index))) bad('button.index must be 0 to 9');
}

/** An authentication template takes its code twice: in the body, and in the button that copies it. */
function checkAuthentication(components) {
  const [body] = components.filter(({ type }) => type === 'body');
  const [button] = components.filter(({ type }) => type === 'button');
  const code = body?.parameters?.[0]?.text;
  if (code === undefined || body.parameters.length !== 1) bad('body: number of parameters does not match: 1', 132000);
  text(code, 'code', 15);
  if (button?.sub_type !== 'url' || String(button.index) !== '0') bad('the url button 0 needs a parameter', 131008);
  if (button.parameters?.[0]?.text !== code) bad('the button must carry the code of the body');
}

function checkTemplate(template, known) {
  const { name, language, components = [] } = object(template, 'template');
  text(name, 'template.name', 512);
  text(object(language, 'template.language').code, 'template.language.code', 20, 2);
  if (!Array.isArray(components)) bad('template.components must be a list');
  components.forEach(checkComponent);
  if (known.size === 0) return;
  const own = known.get(`${name}/${language.code}`);
  if (own === undefined) bad(`template name (${name}) does not exist in ${language.code}`, 132001);
  if (own.category === 'AUTHENTICATION') return void checkAuthentication(components);
  const given = components.find(({ type }) => type === 'body')?.parameters?.length ?? 0;
  const wanted = own.parameters ?? 0;
  if (given !== wanted) bad(`body: number of params (${given}) does not match the expected (${wanted})`, 132000);
}

/** Refuses a message that the API would refuse; `templates` are the account's by 'name/language', if it has any. */
export function checkMessage(message, templates) {
  if (object(message, 'body').messaging_product !== 'whatsapp') bad('messaging_product is required');
  if (!['individual', undefined].includes(message.recipient_type)) bad('recipient_type must be individual');
  if (typeof message.to !== 'string' || !/^\+?[1-9]\d{6,14}$/.test(message.to)) bad('to is no phone number');
  optionalText(message.biz_opaque_callback_data, 'biz_opaque_callback_data', 512);
  const { type = 'text' } = message;
  if (type === 'text') return void text(object(message.text, 'text').body, 'text.body', 4096);
  if (type === 'template') return void checkTemplate(message.template, templates);
  if (type === 'interactive') return void checkInteractive(message.interactive);
  if (!MEDIA.includes(type)) bad(`type must be one of text, template, interactive, ${MEDIA.join(', ')}`);
  checkMedia(type, message[type]);
}
