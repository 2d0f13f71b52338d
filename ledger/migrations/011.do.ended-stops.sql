-- Stops that were lifted. A replica that lags behind may still bring one of them: it comes into force no more.
create table ended_stops (
  uid text primary key,
  at bigint not null
);
