// Elements from plain values. Text is always a text node: nothing of a guest is ever parsed as markup.

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

// Control characters as their pictures (U+2400 ..), so that they are seen and do nothing.
export function visible(text) {
  return text
    .replace(/[\u0000-\u0008\u000a-\u001f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0)))
    .replace(/\u007f/g, '\u2421')
    .replace(/[\u0080-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}

export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

// "0.35 s", "41 s", "3m20s": as the terminal says it.
export function duration(milliseconds) {
  if (milliseconds < 9995) return `${(milliseconds / 1000).toFixed(2)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}m${seconds % 60}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}

export function dateTime(unixMilliseconds) {
  return new Date(unixMilliseconds).toISOString().replace('T', ' ').slice(0, 16) + ' UTC';
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // not every browser lets a file:// page
    const area = h('textarea', { readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}

export function copyButton(text, label, attributes) {
  const button = h('button', { class: 'link', type: 'button', title: text, ...attributes }, label);
  button.addEventListener('click', async () => {
    await copyText(text);
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = label;
    }, 1500);
  });
  return button;
}

// A command to type, with a button that copies it.
export function command(text, key) {
  return h(
    'div',
    { class: 'command' },
    h('code', {}, visible(text)),
    copyButton(text, 'Copy', { class: 'copy', title: key ? `Copy (${key})` : 'Copy' }),
  );
}
