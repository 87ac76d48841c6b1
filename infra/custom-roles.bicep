// The custom roles: the exact actions of each class of job, and why the built-in roles will not do. "AzureML Data
// Scientist" reads the secrets of datastores, the keys of endpoints, and scores: too much for a pull request.

var ml = 'Microsoft.MachineLearningServices/workspaces'

// What submitting a job, following it and reading its results take.
var training = [
  '${ml}/read'
  '${ml}/codes/read'
  '${ml}/codes/write'
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
  '${ml}/experiments/runs/submit/action'
  '${ml}/experiments/runs/write'
  '${ml}/jobs/cancel/action'
  '${ml}/jobs/operationresults/read'
  '${ml}/jobs/read'
  '${ml}/jobs/write'
  '${ml}/metadata/artifacts/read'
  '${ml}/metadata/artifacts/write'
  '${ml}/metadata/snapshots/read'
  '${ml}/metadata/snapshots/write'
  '${ml}/models/read'
  '${ml}/models/versions/read'
  // The champion is whatever takes the traffic: it is looked up, never called.
  '${ml}/onlineEndpoints/deployments/read'
  '${ml}/onlineEndpoints/read'
  '${ml}/pipelinedrafts/read'
  '${ml}/pipelinedrafts/write'
]

var publishing = [
  '${ml}/data/versions/write'
  '${ml}/data/write'
  '${ml}/schedules/read'
  '${ml}/schedules/write'
]

// Releases fill an endpoint; they neither make one nor read its keys.
var releasing = [
  '${ml}/codes/read'
  '${ml}/codes/versions/read'
  '${ml}/codes/versions/write'
  '${ml}/codes/write'
  '${ml}/computes/read'
  '${ml}/datastores/read'
  '${ml}/environments/build/action'
  '${ml}/environments/read'
  '${ml}/environments/readSecrets/action'
  '${ml}/environments/versions/read'
  '${ml}/environments/versions/write'
  '${ml}/environments/write'
  '${ml}/jobs/read'
  '${ml}/metadata/artifacts/read'
  '${ml}/models/read'
  '${ml}/models/versions/read'
  '${ml}/models/versions/write'
  '${ml}/models/write'
  '${ml}/onlineEndpoints/deployments/delete'
  '${ml}/onlineEndpoints/deployments/getlogs/action'
  '${ml}/onlineEndpoints/deployments/operationresults/read'
  '${ml}/onlineEndpoints/deployments/operationsstatus/read'
  '${ml}/onlineEndpoints/deployments/read'
  '${ml}/onlineEndpoints/deployments/write'
  '${ml}/onlineEndpoints/operationresults/read'
  '${ml}/onlineEndpoints/operationsstatus/read'
  '${ml}/onlineEndpoints/read'
  '${ml}/onlineEndpoints/score/action'
  '${ml}/onlineEndpoints/token/action'
  '${ml}/onlineEndpoints/write'
  '${ml}/read'
]

// The registering step, inside the cluster.
var registering = [
  '${ml}/data/versions/read'
  '${ml}/datastores/read'
  '${ml}/jobs/read'
  '${ml}/models/read'
  '${ml}/models/versions/read'
  '${ml}/models/versions/write'
  '${ml}/models/write'
  '${ml}/onlineEndpoints/deployments/read'
  '${ml}/onlineEndpoints/read'
  '${ml}/read'
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
  { job: 'pull-request', says: 'Trains and reads the results.', actions: training }
  { job: 'train', says: 'Publishes data, trains, and schedules training.', actions: concat(training, publishing) }
  { job: 'release', says: 'Fills and empties endpoints, and calls them.', actions: releasing }
  { job: 'step', says: 'Registers a model from inside a job.', actions: registering }
  { job: 'plan', says: 'Compares Azure with the template.', actions: planning }
  { job: 'infrastructure', says: 'Deploys the template.', actions: deploying }
]
