select 1 as differs
where (select sum(amount) from {{ ref('guests') }}) <> (select sum(amount) from {{ ref('orders') }})
