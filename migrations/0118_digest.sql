-- A digest goes the way of the notices: through the outbox, once, and again until it is taken.
alter table ops.notice drop constraint notice_kind_check;
alter table ops.notice add constraint notice_kind_check check (kind in ('firing', 'resolved', 'digest'));
comment on column ops.notice.kind is 'firing or resolved: alerts that began or ended; digest: what changed and what is missing, at its hour.';
