-- What the words of Microsoft and X are here.

comment on column warehouse.account.account_id is 'The platform''s id, bare: ten digits without dashes, without act_, without URN. A further currency of an X account is an account of its own, <id>:<CUR>.';
comment on table warehouse.ad_group is 'One row per ad group (Meta: ad set; X: line item), removed ones included.';
comment on column warehouse.ad.ad_id is 'The platform''s ad id (LinkedIn: creative; X: promoted tweet, whose name is the tweet''s id).';
comment on table warehouse.conversion_action is 'One row per conversion action (Meta: action type; LinkedIn: conversion rule, and oneClickLeads; Microsoft: goal; X: web conversion type).';
comment on column warehouse.network_daily.network is 'The platform''s name of the network (SEARCH, YOUTUBE, facebook, instagram ...; Microsoft: bing_yahoo_search, search_partners, aol_search, audience, content, other: Yahoo cannot be told from Bing; X: placement), or unknown.';
comment on column warehouse.conversion_daily.attribution is 'Attribution window, such as 7d_click, or the part of a platform''s figure (Microsoft: view_through, which never counts; X: post_view, post_engagement); '''' where the platform has one model. Click windows nest: never add 1d_click to 7d_click.';
comment on column warehouse.network_conversion_daily.attribution is 'Attribution window, such as 7d_click, or the part of a platform''s figure (Microsoft: view_through, which never counts; X: post_view, post_engagement); '''' where the platform has one model.';
