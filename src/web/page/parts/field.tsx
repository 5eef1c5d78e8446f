import type { ComponentChildren } from "preact";
import { platforms } from "../platforms.ts";

/** A control under its name. `grow`: it takes the room that is left. */
export const Field = ({
  label,
  grow = false,
  children,
}: {
  readonly label: string;
  readonly grow?: boolean;
  readonly children: ComponentChildren;
}) => (
  <label class={grow ? "field grow" : "field"}>
    <span>{label}</span>
    {children}
  </label>
);

/** All platforms, or one of them. */
export const PlatformOptions = () => (
  <>
    <option value="">All platforms</option>
    {platforms().map(({ name, label }) => (
      <option key={name} value={name}>
        {label}
      </option>
    ))}
  </>
);
