// A deployment of nothing: it takes Azure some seconds, and a row of them is a wait that needs no script, no
// identity and no storage key. A grant is not in force when its deployment has succeeded, only minutes later; a
// workspace that is created before is refused, and the refusal is remembered under its name for tens of minutes.

@description('Required. The place in the row. It makes the deployments differ.')
param turn int

@description('The place in the row.')
output turn int = turn
