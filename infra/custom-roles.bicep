// The custom roles: the exact actions of each class of job, and why the built-in roles will not do. "AzureML Data
// Scientist" reads the secrets of datastores, the keys of endpoints, and scores: too much for a pull request.
// tests/delivery runs every workflow's commands under these roles, in the local Azure ML: an action that nothing needs
// makes it fail, as does one that is missing. What only Azure itself could show stands in unproven-actions.toml.

var ml = 'Microsoft.MachineLearningServices/workspaces'

// What submitting a job, following it and reading its results take.
var training = [
  '${ml}/read'
  '${ml}/codes/read'
  '${ml}/codes/versions/read'
  '${ml}/codes/versions/write'
  '${ml}/components/read'
  '${ml}/components/write'
  '${ml}/components/versions/read'
  '${ml}/components/versions/write'
  '${ml}/computes/read'
  '${ml}/data/read'
  '${ml}/data/versions/read'
  '${ml}/datastores/read'
  '${ml}/endpoints/pipelines/read'
  '${ml}/endpoints/pipelines/write'
  '${ml}/environments/build/action'
  '${ml}/environments/read'
  '${ml}/environments/readSecrets/action'
  '${ml}/environments/write'
  '${ml}/environments/versions/read'
  '${ml}/environments/versions/write'
  '${ml}/experiments/read'
  '${ml}/experiments/write'
  '${ml}/experiments/runs/read'
  '${ml}/experiments/runs/write'
  '${ml}/jobs/cancel/action'
  '${ml}/jobs/operationresults/read'
  '${ml}/jobs/read'
  '${ml}/jobs/write'
  '${ml}/metadata/artifacts/read'
  '${ml}/metadata/artifacts/write'
  '${ml}/models/versions/read'
  // The champion is whatever takes the traffic: it is looked up, never called.
  '${ml}/onlineEndpoints/deployments/read'
  '${ml}/onlineEndpoints/read'
  '${ml}/pipelinedrafts/read'
  '${ml}/pipelinedrafts/write'
]

var publishing = [
  '${ml}/data/versions/write'
]

// Releases fill an endpoint; they neither make one nor read its keys. How it does they read in its own logs, by the
// right on the endpoint and table by table.
var releasing = [
  'Microsoft.Insights/logs/AmlOnlineEndpointEventLog/read'
  'Microsoft.Insights/logs/AmlOnlineEndpointTrafficLog/read'
  '${ml}/read'
  '${ml}/codes/versions/read'
  '${ml}/codes/versions/write'
  '${ml}/data/versions/read'
  '${ml}/datastores/read'
  '${ml}/environments/build/action'
  '${ml}/environments/read'
  '${ml}/environments/readSecrets/action'
  '${ml}/environments/versions/read'
  '${ml}/experiments/runs/read'
  '${ml}/jobs/read'
  '${ml}/models/versions/read'
  '${ml}/onlineEndpoints/deployments/delete'
  '${ml}/onlineEndpoints/deployments/operationresults/read'
  '${ml}/onlineEndpoints/deployments/operationsstatus/read'
  '${ml}/onlineEndpoints/deployments/read'
  '${ml}/onlineEndpoints/deployments/write'
  '${ml}/onlineEndpoints/operationresults/read'
  '${ml}/onlineEndpoints/operationsstatus/read'
  '${ml}/onlineEndpoints/read'
  '${ml}/onlineEndpoints/score/action'
  '${ml}/onlineEndpoints/write'
]

// The metrics of an endpoint are asked for at an address of the whole subscription, and that asks for the right there:
// over the endpoint alone it is refused. So it is a role of its own, which the bootstrap grants.
var measuring = [
  'Microsoft.Insights/metrics/read'
]

// The registering step, inside the cluster: it finds its run's model, and the version that it may have made before, and
// keeps what is pinned with it as a data asset.
var registering = [
  '${ml}/read'
  '${ml}/data/versions/read'
  '${ml}/data/versions/write'
  '${ml}/datastores/read'
  '${ml}/experiments/runs/read'
  '${ml}/jobs/read'
  '${ml}/models/read'
  '${ml}/models/versions/read'
  '${ml}/models/versions/write'
]

var blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'

// What a pull request submits, written where its assignment's condition lets it; nothing is deleted. Storage Blob Data
// Contributor would also delete containers, which no condition holds back.
var submitting = [
  '${blobs}/add/action'
  '${blobs}/read'
  '${blobs}/write'
]

// Reading everything and comparing it with the template; nothing can be changed.
var planning = [
  '*/read'
  'Microsoft.Resources/deployments/validate/action'
  'Microsoft.Resources/deployments/whatIf/action'
]

// Making what main.bicep says. It holds no right over identities' credentials, role definitions or locks' removal;
// role assignments come with a condition of their own.
var deploying = [
  '*/read'
  'Microsoft.Authorization/locks/write'
  'Microsoft.Authorization/policyAssignments/write'
  'Microsoft.Authorization/policyDefinitions/write'
  'Microsoft.Consumption/budgets/write'
  'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action'
  'Microsoft.ContainerRegistry/registries/write'
  'Microsoft.Insights/actionGroups/write'
  'Microsoft.Insights/components/write'
  'Microsoft.Insights/diagnosticSettings/write'
  'Microsoft.Insights/metricAlerts/write'
  'Microsoft.Insights/privateLinkScopes/privateEndpointConnectionsApproval/action'
  'Microsoft.Insights/privateLinkScopes/scopedResources/write'
  'Microsoft.Insights/privateLinkScopes/write'
  'Microsoft.KeyVault/vaults/PrivateEndpointConnectionsApproval/action'
  'Microsoft.KeyVault/vaults/write'
  '${ml}/computes/write'
  '${ml}/datastores/write'
  '${ml}/onlineEndpoints/write'
  '${ml}/privateEndpointConnections/write'
  '${ml}/privateEndpointConnectionsApproval/action'
  '${ml}/write'
  'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'
  'Microsoft.ManagedIdentity/userAssignedIdentities/write'
  'Microsoft.Network/networkSecurityGroups/join/action'
  'Microsoft.Network/networkSecurityGroups/write'
  'Microsoft.Network/privateDnsZones/join/action'
  'Microsoft.Network/privateDnsZones/virtualNetworkLinks/write'
  'Microsoft.Network/privateDnsZones/write'
  'Microsoft.Network/privateEndpoints/privateDnsZoneGroups/write'
  'Microsoft.Network/privateEndpoints/write'
  'Microsoft.Network/virtualNetworks/join/action'
  'Microsoft.Network/virtualNetworks/subnets/join/action'
  'Microsoft.Network/virtualNetworks/write'
  'Microsoft.OperationalInsights/workspaces/sharedKeys/action'
  'Microsoft.OperationalInsights/workspaces/write'
  'Microsoft.Resources/deploymentStacks/validate/action'
  'Microsoft.Resources/deploymentStacks/write'
  'Microsoft.Resources/deployments/validate/action'
  'Microsoft.Resources/deployments/whatIf/action'
  'Microsoft.Resources/deployments/write'
  'Microsoft.Resources/subscriptions/resourceGroups/write'
  'Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action'
  'Microsoft.Storage/storageAccounts/blobServices/containers/write'
  'Microsoft.Storage/storageAccounts/blobServices/write'
  'Microsoft.Storage/storageAccounts/fileServices/write'
  'Microsoft.Storage/storageAccounts/managementPolicies/write'
  'Microsoft.Storage/storageAccounts/write'
]

@export()
@description('The custom roles, by the class of job.')
var customRoles = [
  { job: 'pull-request', says: 'Trains and reads the results.', actions: training, dataActions: submitting }
  { job: 'train', says: 'Publishes data and trains.', actions: concat(training, publishing), dataActions: [] }
  { job: 'release', says: 'Fills and empties endpoints, and calls them.', actions: releasing, dataActions: [] }
  { job: 'metrics', says: 'Reads metrics.', actions: measuring, dataActions: [] }
  { job: 'step', says: 'Registers a model from inside a job.', actions: registering, dataActions: [] }
  { job: 'plan', says: 'Compares Azure with the template.', actions: planning, dataActions: [] }
  { job: 'infrastructure', says: 'Deploys the template.', actions: deploying, dataActions: [] }
]
