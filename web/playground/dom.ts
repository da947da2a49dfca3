// Elements in few words. Texts are only ever texts here: nothing is read as HTML.

type Child = Node | string | null | false | undefined;
type Listeners = { [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K]) => void };
type Attributes = Listeners & { [name: string]: unknown };

/** An element with attributes (`true` is one without a value, null and false are none), listeners (`onclick`) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  fill(element, ...children);
  return element;
}

/** Puts children in the place of what an element has. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

/** A choice; `options` are value, label and whether it cannot be chosen. */
export function select(
  options: [value: string, label: string, disabled?: boolean][],
  chosen: string,
  attributes: Attributes = {},
): HTMLSelectElement {
  const element = h("select", { class: "select", ...attributes });
  for (const [value, label, disabled] of options) element.append(h("option", { value, disabled: !!disabled }, label));
  element.value = chosen;
  return element;
}

let count = 0;
export const freshId = () => `play-${++count}`;
