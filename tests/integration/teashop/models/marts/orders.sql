select o.order_id, o.guest_id, o.ordered_on, o.status, p.amount
from {{ ref('stg_orders') }} as o
left join {{ ref('paid') }} as p using (order_id)
order by o.order_id
