// Light or dark: as the system says, until the reader says otherwise.
import { h } from './dom.js';

const KEY = 'bootrig-theme';

// Some browsers let no file:// page keep anything.
function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
function keep(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    /* it lasts as long as the page */
  }
}

const isDark = () =>
  (document.documentElement.dataset.theme ??
    (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';

export function toggleTheme() {
  document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
  keep(document.documentElement.dataset.theme);
}

export function themeButton() {
  const theme = kept();
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
  return h('button', { type: 'button', class: 'theme', title: 'Light or dark (t)', onclick: toggleTheme }, '◐');
}
