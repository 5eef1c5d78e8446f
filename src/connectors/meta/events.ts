import { customConversion, familyOf } from "./actions.ts";

/** Where something happened; action types of one event and of different channels may be added up. */
type MetaChannel = "website" | "app" | "meta" | "offline";

/** What an action type counts. */
export interface MetaEvent {
  readonly event: string;
  /** Absent: it mixes channels, and contains every other name of its event. */
  readonly channel?: MetaChannel;
  /** Whether it is an event of websites, which the rule of a custom conversion may match. */
  readonly isStandard: boolean;
}

/** How Meta builds names of events. The first that fits decides. */
const forms: readonly (readonly [form: RegExp, channel: MetaChannel | undefined, isStandard: boolean])[] = [
  [/^omni_(.+)$/, undefined, true],
  [/^(.+)_total$/, undefined, true],
  [/^(?:onsite_web_app|onsite_web|onsite_app|web_app_in_store|web_in_store)_(.+)$/, undefined, true],
  [/^offsite_conversion\.fb_pixel_(.+)$/, "website", true],
  [/^(.+)_website$/, "website", true],
  [/^app_custom_event\.fb_mobile_(.+)$/, "app", false],
  [/^(.+)_mobile_app$/, "app", false],
  [/^mobile_(app_.+)$/, "app", false],
  [/^onsite_conversion\.(.+)$/, "meta", false],
  [/^offline_conversion\.(.+)$/, "offline", false],
  [/^(.+)_offline$/, "offline", false],
];

/** Where one event's names do not end in the same word. */
const sameEvent: Readonly<Record<string, string>> = {
  content_view: "view_content",
  initiate_checkout: "initiated_checkout",
  spent_credits: "spend_credits",
  tutorial_completed: "tutorial_completion",
};

/** Conversations with the business, each name a part of another. */
const messaging = /^onsite_conversion\.(?:messaging_(?!block)\w+|total_messaging_connection)$/;

/** A family goes by its canonical name, whichever of its names the event has. */
const canonical = (written: string): string => {
  const event = sameEvent[written] ?? written;
  const family = familyOf(event) ?? familyOf(`omni_${event}`) ?? familyOf(`${event}_total`);
  return family?.canonical ?? event;
};

/** The event that an action type counts; undefined for custom conversions, whose rule may match any of a website. */
export const eventOf = (actionType: string): MetaEvent | undefined => {
  if (actionType.startsWith(customConversion)) return undefined;
  if (messaging.test(actionType)) return { event: "messaging", isStandard: false };
  const family = familyOf(actionType);
  if (family?.wholes.includes(actionType)) return { event: family.canonical, isStandard: true };
  for (const [form, channel, isStandard] of forms) {
    const written = form.exec(actionType)?.[1];
    if (written !== undefined)
      return {
        event: family?.canonical ?? canonical(written),
        ...(channel === undefined ? {} : { channel }),
        isStandard: isStandard || family !== undefined,
      };
  }
  return { event: canonical(actionType), isStandard: false };
};
