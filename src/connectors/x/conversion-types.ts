/** The web conversion types of X, without `conversion_` ("Metrics and Segmentation", web conversions). */
export const webConversionTypes = [
  "purchases",
  "sign_ups",
  "site_visits",
  "downloads",
  "custom",
  "add_to_carts",
  "checkouts_initiated",
  "content_views",
  "payment_info_additions",
  "add_to_wishlists",
  "searches",
  "landing_page_views",
  "subscriptions",
] as const;

/** What counts unless the configuration says otherwise: the types are steps of a funnel, so not all of them. */
export const countedByDefault = ["purchases", "custom"] as const;

/** By what the person did before: saw the ad, or engaged with it. Both together are X's own figure. */
export const attributions = ["post_engagement", "post_view"] as const;
