import { expect, test } from "vitest";
import { attributionProblems, countedActionTypes, goalProblems } from "../../src/connectors/meta/goals.ts";

test("each goal stands for one action type", () => {
  expect(
    countedActionTypes(["purchase", "lead", "registration", "contact", "schedule", "subscribe", "trial"]),
  ).toEqual([
    "omni_purchase",
    "lead",
    "omni_complete_registration",
    "contact_total",
    "schedule_total",
    "subscribe_total",
    "start_trial_total",
  ]);
  expect(countedActionTypes(["custom.777", "offsite_conversion.fb_pixel_purchase"])).toEqual([
    "offsite_conversion.custom.777",
    "offsite_conversion.fb_pixel_purchase",
  ]);
});

test.each([
  [["purchase", "lead", "registration", "contact"]],
  [["offsite_conversion.fb_pixel_purchase", "onsite_conversion.purchase"]],
  [["offsite_conversion.fb_pixel_lead", "onsite_conversion.lead_grouped"]],
  [["contact_website", "contact_offline"]],
  [["custom.777", "custom.778"]],
  [["offsite_conversion.fb_pixel_custom", "purchase"]],
  [["an_action_type_of_tomorrow", "purchase"]],
  [["mobile_app_install", "app_custom_event.fb_mobile_activate_app"]],
  [["custom.777", "onsite_conversion.messaging_conversation_started_7d"]],
  [["contact_website", "app_custom_event.fb_mobile_contact"]],
])("%j can be added up", (goals) => {
  expect(goalProblems(goals)).toEqual([]);
});

test.each([
  [["purchase", "purchase"], /both are omni_purchase/],
  [["purchase", "omni_purchase"], /both are omni_purchase/],
  [["purchase", "offsite_conversion.fb_pixel_purchase"], /omni_purchase/],
  [["onsite_web_purchase", "onsite_app_purchase"], /single channels/],
  [["lead", "omni_lead"], /lead/],
  [["lead", "leadgen_grouped"], /single channels/],
  [["contact", "contact_website"], /contact_total/],
  [["custom.777", "offsite_conversion.custom.777"], /both are/],
  [["custom.777", "offsite_conversion.fb_pixel_custom"], /every custom event/],
  [["custom.777", "purchase"], /rule of a custom conversion/],
  [["link_click"], /engagement/],
  [["mobile_app_install", "omni_app_install"], /^mobile_app_install and omni_app_install overlap/],
  [["app_install", "mobile_app_install"], /single channels/],
  [["omni_activate_app", "app_custom_event.fb_mobile_activate_app"], /single channels/],
  [["omni_view_content", "view_content"], /single channels/],
  [["omni_view_content", "offsite_conversion.fb_pixel_view_content"], /single channels/],
  [["omni_view_content", "app_custom_event.fb_mobile_content_view"], /single channels/],
  [["omni_add_to_cart", "onsite_web_add_to_cart"], /omni_add_to_cart/],
  [["onsite_web_app_add_to_cart", "onsite_web_add_to_cart"], /omni_add_to_cart/],
  [["omni_initiated_checkout", "offsite_conversion.fb_pixel_initiate_checkout"], /omni_initiated_checkout/],
  [["offsite_conversion.fb_pixel_contact", "contact"], /contact_total/],
  [["offsite_conversion.fb_pixel_contact", "contact_website"], /contact_total/],
  [["omni_brand_new", "offsite_conversion.fb_pixel_brand_new"], /single channels/],
  [["brand_new_total", "brand_new_offline"], /single channels/],
  [
    ["onsite_conversion.messaging_conversation_started_7d", "onsite_conversion.total_messaging_connection"],
    /single channels/,
  ],
  [["Purchase", "offsite_conversion.fb_pixel_purchase"], /omni_purchase/],
  [["purchase", "Purchase (offsite_conversion.fb_pixel_purchase)"], /omni_purchase/],
  [["appointment", "schedule_website"], /schedule_total/],
  [["Custom conversion 777", "custom.777"], /both are/],
  [["Omni_View_Content", "view_content"], /single channels/],
  [["custom.777", "omni_view_content"], /rule of a custom conversion/],
  [["offsite_conversion.fb_pixel_custom", "offsite_conversion.fb_pixel_custom.Trial"], /every custom event/],
])("%j cannot be added up", (goals, why) => {
  expect(goalProblems(goals)).toEqual([expect.stringMatching(why)]);
});

test("windows that are disjoint can be added up, nested, repeated and retired ones cannot", () => {
  expect(attributionProblems(["7d_click", "1d_view", "1d_ev"])).toEqual([]);
  expect(attributionProblems(["1d_click", "7d_click"])).toEqual([expect.stringContaining("nest")]);
  expect(attributionProblems(["7d_click", "7d_click"])).toEqual(["7d_click is named twice"]);
  expect(attributionProblems(["7d_click", "28d_view"])).toEqual([expect.stringContaining("2026-01-12")]);
});
