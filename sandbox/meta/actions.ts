import { fromUnits, withoutZeros } from "../../src/domain/decimal.ts";
import { claims, type Event } from "./facts.ts";

interface WireAction {
  readonly action_type: string;
  readonly [key: string]: string;
}

/** Smallest units as Meta writes amounts: no padding, so 90.00 is `90` and 12.50 is `12.5`. */
export const amount = (minor: number, places: number): string =>
  withoutZeros(fromUnits(BigInt(minor), places));

/** All names under which one event is reported, side by side: adding them up counts a sale several times. */
const namesOf = (event: Event): readonly string[] => {
  switch (event.goal) {
    case "purchase":
      return [
        "omni_purchase",
        "purchase",
        event.onPixel ? "offsite_conversion.fb_pixel_purchase" : "app_custom_event.fb_mobile_purchase",
        ...(event.onPixel ? ["onsite_web_purchase"] : []),
        ...(event.custom ? ["offsite_conversion.custom.777"] : []),
      ];
    case "lead":
      return [
        "omni_lead",
        "lead",
        ...(event.onPixel
          ? ["offsite_conversion.fb_pixel_lead"]
          : ["onsite_conversion.lead_grouped", "leadgen_grouped"]),
      ];
    case "registration":
      return [
        "omni_complete_registration",
        "complete_registration",
        "offsite_conversion.fb_pixel_complete_registration",
      ];
    case "contact":
      return ["contact_total", event.onPixel ? "contact_website" : "contact_mobile_app"];
  }
};

/** `value` follows the ad set's own setting, here seven days after a click and one after a view. */
const settingClaims = (event: Event): boolean => claims("7d_click", event) || claims("1d_view", event);

const listOf = (
  events: readonly Event[],
  windows: readonly string[],
  figure: (events: readonly Event[]) => string,
): WireAction[] => {
  const byName = new Map<string, Event[]>();
  for (const event of events)
    for (const name of namesOf(event)) {
      const named = byName.get(name);
      if (named) named.push(event);
      else byName.set(name, [event]);
    }
  return [...byName].map(([action_type, named]) => {
    const keys = windows
      .map((window) => [window, figure(named.filter((event) => claims(window, event)))] as const)
      .filter(([, text]) => text !== "0");
    return { action_type, value: figure(named.filter(settingClaims)), ...Object.fromEntries(keys) };
  });
};

interface ActionFields {
  readonly actions?: readonly WireAction[];
  readonly action_values?: readonly WireAction[];
  readonly conversions?: readonly WireAction[];
}

/** The action fields of a row; empty lists are left out, as is every window without a figure. */
export const actionFields = (options: {
  readonly events: readonly Event[];
  readonly clicks: number;
  readonly windows: readonly string[];
  readonly places: number;
}): ActionFields => {
  const { events, clicks, windows, places } = options;
  const count = (list: readonly Event[]) => String(list.length);
  const value = (list: readonly Event[]) =>
    amount(
      list.reduce((sum, event) => sum + event.valueMinor, 0),
      places,
    );
  const contacts = events.filter(({ goal }) => goal === "contact");
  const others = events.filter(({ goal }) => goal !== "contact");
  const day = windows.includes("1d_click") ? { "1d_click": String(clicks) } : {};
  const engagement = ["link_click", "post_engagement", "page_engagement", "video_view"].map(
    (action_type): WireAction => ({ action_type, value: String(clicks), ...day }),
  );
  const lists = {
    actions: [...(clicks > 0 ? engagement : []), ...listOf(others, windows, count)],
    action_values: listOf(
      others.filter(({ valueMinor }) => valueMinor > 0),
      windows,
      value,
    ),
    conversions: listOf(contacts, windows, count),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
};
