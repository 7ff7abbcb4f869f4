// The page's lines in the reader's language. They come from the server, so that both languages are held to one set.

const words = { name: "Inkling", lines: { en: {}, zh: {} }, commands: [], upload_limit: 0 };
let language = localStorage.getItem("inkling.language") ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

/** Fetch the lines and the commands. */
export async function loadWords() {
  const response = await fetch("/api/words");
  Object.assign(words, await response.json());
  applyWords();
}

/** The line of this key, its {names} filled from values. */
export function t(key, values = {}) {
  return words.lines[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A text that the server gave in both languages. */
export function both(text) {
  return text[language];
}

export const botName = () => words.name;
export const commands = () => words.commands;
export const uploadLimit = () => words.upload_limit;
export const locale = () => (language === "zh" ? "zh-CN" : "en");

/** Read the other language from now on. */
export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("inkling.language", language);
  applyWords();
}

/** Fill the elements that carry the key of a line. */
export function applyWords(root = document) {
  document.documentElement.lang = locale();
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
    if (element.tagName === "BUTTON") element.title = t(element.dataset.label);
  }
}

export function timeOfDay(ms) {
  return new Intl.DateTimeFormat(locale(), { hour: "numeric", minute: "2-digit" }).format(ms);
}

/** The day of a message: today, yesterday, or the date. */
export function dayOf(ms) {
  const day = new Date(ms).toDateString();
  if (day === new Date().toDateString()) return t("talk.today");
  if (day === new Date(Date.now() - 86_400_000).toDateString()) return t("talk.yesterday");
  return new Intl.DateTimeFormat(locale(), { dateStyle: "long" }).format(ms);
}

export function sizeOf(bytes) {
  const [unit, value] = bytes < 1 << 20 ? ["kilobyte", bytes / 1024] : ["megabyte", bytes / (1 << 20)];
  const shape = { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 };
  return new Intl.NumberFormat(locale(), shape).format(value);
}
