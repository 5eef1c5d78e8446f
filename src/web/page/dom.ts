type Child = Node | string | null | undefined | false;
type Value = string | number | boolean | null | undefined | ((event: Event) => void);
export type Props = Readonly<Record<string, Value>>;

const svgNamespace = "http://www.w3.org/2000/svg";

const set = (element: Element, name: string, value: Value): void => {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
  else if (name === "value") (element as HTMLInputElement).value = String(value);
  else element.setAttribute(name, value === true ? "" : String(value));
};

const fill = <Made extends Element>(element: Made, props: Props, children: readonly Child[]): Made => {
  const kept = children.filter((child) => child !== null && child !== undefined && child !== false);
  // Text is only ever a text node: a name with markup in it stays a name.
  element.append(...kept);
  for (const [name, value] of Object.entries(props)) set(element, name, value);
  return element;
};

/** Makes an element. Attributes by name, listeners as `onclick`. */
export const h = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] => fill(document.createElement(tag), props, children);

export const svg = (tag: string, props: Props = {}, ...children: readonly Child[]): SVGElement =>
  fill(document.createElementNS(svgNamespace, tag) as SVGElement, props, children);

/** Text for those who hear the page rather than see it. */
export const hidden = (text: string): HTMLElement => h("span", { class: "sr" }, text);
