-- What a host has and can do became an object of its own within its facts.

update host set facts =
  replace(replace(replace(facts,
    '"cpus":', '"facts":{"cpus":'),
    '"uefi":true', '"uefi":true}'),
    '"uefi":false', '"uefi":false}');
