with bought as (
    select guest_id, count(*) as orders, min(ordered_on) as first_order, sum(amount) as amount
    from {{ ref('orders') }}
    group by guest_id
)
select g.guest_id, g.first_name, g.city, coalesce(b.orders, 0) as orders, b.first_order, b.amount
from {{ ref('stg_guests') }} as g
left join bought as b using (guest_id)
order by g.guest_id
