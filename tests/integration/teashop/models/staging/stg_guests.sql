select id as guest_id, first_name, coalesce(city, 'unknown') as city from {{ ref('raw_guests') }}
