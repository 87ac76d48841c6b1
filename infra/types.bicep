// The types of the parameters, in one place: what a value may be is said once and holds in every module.

@export()
@description('An environment that models are delivered to.')
type targetType = 'dev' | 'staging' | 'prod'

@export()
@description('How far the workspace is closed. It can only be tightened later, never opened again.')
type isolationType = 'public' | 'managed' | 'private'

@export()
@description('Whom a resource belongs to.')
@sealed()
type tagsType = {
  @description('Required. The team that answers for the resources.')
  @minLength(2)
  @maxLength(256)
  owner: string

  @description('Required. Where their cost is booked.')
  @minLength(2)
  @maxLength(256)
  costCentre: string
}

@export()
@description('The tags that every resource carries.')
type resourceTagsType = { owner: string, costCentre: string, workload: string, target: targetType | 'shared' }

@export()
@description('A cluster that costs nothing while no job runs.')
@sealed()
type clusterType = {
  @description('Required. The size of a node, of the allowed sizes.')
  @minLength(10)
  vmSize: string

  @description('Required. The most nodes at the same time.')
  @minValue(1)
  @maxValue(100)
  maxNodes: int

  @description('Required. How long a node waits for the next job: an ISO 8601 duration in minutes.')
  idleBeforeScaleDown: 'PT2M' | 'PT5M' | 'PT10M' | 'PT15M' | 'PT30M'

  @description('Required. Whether nodes are low-priority: cheaper, and may be taken away in the middle of a job.')
  lowPriority: bool
}

@export()
@description('A Kubernetes cluster that jobs can run on. The cluster, the extension of Azure ML on it and the namespace are there already; they are not made here.')
@sealed()
type kubernetesType = {
  @description('Required. The full id of the cluster: one of Azure Kubernetes Service, or one that Azure Arc connects.')
  @minLength(119)
  clusterId: string

  @description('Required. The namespace that jobs run in.')
  @minLength(1)
  @maxLength(63)
  namespace: string
}

@export()
@description('What the resource group may cost in a month.')
@sealed()
type budgetType = {
  @description('Required. The amount, in the currency of the subscription.')
  @minValue(1)
  amount: int

  @description('Required. The first day of the month in which the budget is first deployed, as YYYY-MM-01. It can never be changed: a later deployment that sends another date is refused.')
  @minLength(10)
  @maxLength(10)
  startDate: string
}

@export()
@description('A person or mailing list that alerts go to.')
@sealed()
type operatorType = {
  @description('Required. A short name.')
  @minLength(1)
  @maxLength(60)
  name: string

  @description('Required. The address.')
  @minLength(6)
  @maxLength(254)
  email: string
}

@export()
@description('A role of one identity on the resource that the grant is handed to.')
@sealed()
type grantType = {
  @description('Required. The name of the identity. The grant is named after it, since its principal is only known at deployment.')
  @minLength(3)
  @maxLength(128)
  identity: string

  @description('Required. The object id of the identity.')
  principalId: string

  @description('Required. The id of the role definition.')
  roleDefinitionId: string

  @description('Required. Why the identity needs it.')
  @minLength(10)
  reason: string
}

@export()
@description('Which networks may reach a resource that also has a public address.')
@sealed()
type reachType = {
  @description('Required. Whether it answers on its public address at all.')
  publicNetworkAccess: 'Enabled' | 'Disabled'

  @description('Required. What happens to callers that no rule names.')
  defaultAction: 'Allow' | 'Deny'

  @description('Required. Addresses that are let in nevertheless, in CIDR form.')
  ipRanges: string[]
}

@export()
@description('Where private endpoints are put. Absent where the isolation is not private.')
@sealed()
type privateNetworkType = {
  @description('Required. The subnet of the private endpoints.')
  subnetId: string

  @description('Required. The ids of the private DNS zones, by zone.')
  zoneIds: { *: string }
}

@export()
@description('A class of job. Each has an identity and a custom role of its own, made by the bootstrap.')
type deliveryType = 'pull-request' | 'train' | 'release'

@export()
@description('A target that uses the shared registry of models.')
@sealed()
type registryUserType = {
  @description('Required. The target.')
  target: targetType

  @description('Optional. The subscription of the target, where it is not that of the registry.')
  @minLength(36)
  @maxLength(36)
  subscriptionId: string?
}
