import type { ComponentChildren } from "preact";

/** Heading of a view with a line below it that says what is shown. */
export const Heading = ({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}) => (
  <header class="heading">
    <h1 tabIndex={-1}>{title}</h1>
    <p class="dim">{children}</p>
  </header>
);

/** Nothing to show, and what to do about it. */
export const Empty = ({
  title,
  role,
  children,
}: {
  readonly title: string;
  readonly role?: "alert";
  readonly children: ComponentChildren;
}) => (
  <section class="card empty" {...(role && { role })}>
    <h2>{title}</h2>
    <p>{children}</p>
  </section>
);

/** Something that a reader of the figures has to know. */
export const Notice = ({ children }: { readonly children: ComponentChildren }) => (
  <p class="notice">{children}</p>
);

/** A part of a view under a heading of its own. */
export const Card = ({
  title,
  about,
  children,
}: {
  readonly title: string;
  readonly about?: ComponentChildren;
  readonly children: ComponentChildren;
}) => (
  <section class="card">
    <h2>{title}</h2>
    {about !== undefined && <p class="dim">{about}</p>}
    {children}
  </section>
);

/** Text for those who hear the page rather than see it. */
export const Hidden = ({ children }: { readonly children: ComponentChildren }) => (
  <span class="sr">{children}</span>
);

export const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
