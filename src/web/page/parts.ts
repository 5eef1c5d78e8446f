import { h } from "./dom.ts";

/** Heading of a view with a line below it that says what is shown. */
export const heading = (title: string, about: string | Node): HTMLElement =>
  h("header", { class: "heading" }, h("h1", { tabindex: -1 }, title), h("p", { class: "dim" }, about));

/** Nothing to show, and what to do about it. */
export const empty = (title: string, advice: string | Node): HTMLElement =>
  h("section", { class: "card empty" }, h("h2", {}, title), h("p", {}, advice));

export const notice = (...content: readonly (string | Node)[]): HTMLElement =>
  h("p", { class: "notice" }, ...content);

/** A command to type. */
export const command = (text: string): HTMLElement => h("code", {}, text);

export const link = (href: string, text: string): HTMLElement => h("a", { href }, text);
