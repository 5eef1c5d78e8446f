/**
 * Meta's action types. One sale comes under three to eight names: `omni_purchase` contains `purchase`, which contains
 * the pixel's, the on-Meta and the app's; so names of one family are never added up ("Ads Action Stats").
 */
interface ActionFamily {
  /** The goal's name in costper.yaml; absent where no goal stands for the family. */
  readonly goal?: string;
  readonly category: string;
  readonly title: string;
  /** The one name that counts for the goal. */
  readonly canonical: string;
  /** Names that contain others of the family, or mix channels. */
  readonly wholes: readonly string[];
  /** One channel each: these may be added up among themselves. */
  readonly leaves: readonly string[];
}

const byChannel = (goal: string, category: string, title: string, stem = goal): ActionFamily => ({
  goal,
  category,
  title,
  canonical: `${stem}_total`,
  wholes: [`${stem}_total`],
  leaves: [`${stem}_website`, `${stem}_mobile_app`, `${stem}_offline`],
});

const standardEvent = (
  category: string,
  title: string,
  name: string,
  [pixel, app]: readonly [pixel: string, app: string],
): ActionFamily => ({
  category,
  title,
  canonical: `omni_${name}`,
  wholes: [`omni_${name}`, name],
  leaves: [`offsite_conversion.fb_pixel_${pixel}`, `app_custom_event.fb_mobile_${app}`],
});

export const actionFamilies: readonly ActionFamily[] = [
  {
    goal: "purchase",
    category: "PURCHASE",
    title: "Purchase",
    canonical: "omni_purchase",
    wholes: [
      "omni_purchase",
      "purchase",
      "onsite_web_purchase",
      "onsite_web_app_purchase",
      "onsite_app_purchase",
      "web_in_store_purchase",
      "web_app_in_store_purchase",
    ],
    leaves: [
      "offsite_conversion.fb_pixel_purchase",
      "onsite_conversion.purchase",
      "app_custom_event.fb_mobile_purchase",
      "offline_conversion.purchase",
    ],
  },
  {
    goal: "lead",
    category: "LEAD",
    title: "Lead",
    canonical: "lead",
    wholes: [
      "omni_lead",
      "lead",
      "leadgen_grouped",
      "leadgen.other",
      "onsite_web_lead",
      "offsite_content_view_add_meta_leads",
      "offsite_lead_add_20_s_calls",
    ],
    leaves: ["offsite_conversion.fb_pixel_lead", "onsite_conversion.lead_grouped"],
  },
  {
    goal: "registration",
    category: "COMPLETE_REGISTRATION",
    title: "Registration",
    canonical: "omni_complete_registration",
    wholes: ["omni_complete_registration", "complete_registration"],
    leaves: [
      "offsite_conversion.fb_pixel_complete_registration",
      "app_custom_event.fb_mobile_complete_registration",
    ],
  },
  byChannel("contact", "CONTACT", "Contact"),
  byChannel("schedule", "SCHEDULE", "Appointment"),
  byChannel("subscribe", "SUBSCRIBE", "Subscription"),
  byChannel("trial", "START_TRIAL", "Trial", "start_trial"),
  ...(
    [
      ["donate", "Donation"],
      ["submit_application", "Application"],
    ] as const
  ).map(([stem, title]): ActionFamily => {
    const { goal: _none, ...family } = byChannel(stem, stem.toUpperCase(), title);
    return family;
  }),
  standardEvent("ADD_TO_CART", "Add to cart", "add_to_cart", ["add_to_cart", "add_to_cart"]),
  standardEvent("INITIATED_CHECKOUT", "Checkout", "initiated_checkout", [
    "initiate_checkout",
    "initiated_checkout",
  ]),
  standardEvent("ADD_PAYMENT_INFO", "Payment info", "add_payment_info", [
    "add_payment_info",
    "add_payment_info",
  ]),
];

/** Every custom event of the pixel together, named or not. */
export const anyCustomEvent = "offsite_conversion.fb_pixel_custom";

export const customConversion = "offsite_conversion.custom.";

const engagement = new Set([
  "comment",
  "landing_page_view",
  "like",
  "link_click",
  "omni_landing_page_view",
  "onsite_conversion.post_net_comment",
  "onsite_conversion.post_net_like",
  "onsite_conversion.post_net_save",
  "onsite_conversion.post_save",
  "onsite_conversion.post_unlike",
  "outbound_click",
  "page_engagement",
  "page_view",
  "photo_view",
  "post",
  "post_engagement",
  "post_interaction_gross",
  "post_interaction_net",
  "post_reaction",
  "video_view",
]);

/** Clicks, views and reactions: what people did to the ad itself, and no conversion. */
export const isEngagement = (actionType: string): boolean => engagement.has(actionType);

export const familyOf = (actionType: string): ActionFamily | undefined =>
  actionFamilies.find(({ wholes, leaves }) => wholes.includes(actionType) || leaves.includes(actionType));

/**
 * What an action type is called in the warehouse; settings may name it so, in any case. The canonical name of a family has
 * its title; the others add their own name, so that they stay apart.
 */
export const actionName = (id: string): string => {
  const family = familyOf(id);
  if (family) return family.canonical === id ? family.title : `${family.title} (${id})`;
  return id.startsWith(customConversion) ? `Custom conversion ${id.slice(customConversion.length)}` : id;
};
