select id as order_id, guest_id, ordered_on, status from {{ ref('raw_orders') }}
