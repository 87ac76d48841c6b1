using 'bootstrap.bicep'

// One file for all targets: TARGET=staging az deployment sub create … The numbers of a repository are in
// `gh api repos/OWNER/NAME --jq '.owner.id, .id'`.

param target = readEnvironmentVariable('TARGET', 'dev')
param workload = 'fraud'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param tags = { owner: 'fraud-team', costCentre: 'fraud' }
param repository = {
  owner: readEnvironmentVariable('GITHUB_OWNER', 'OWNER')
  name: readEnvironmentVariable('GITHUB_REPOSITORY_NAME', 'NAME')
  ownerId: int(readEnvironmentVariable('GITHUB_OWNER_ID', '1'))
  id: int(readEnvironmentVariable('GITHUB_REPOSITORY_ID', '2'))
}
param jobs = ['pull-request', 'train', 'release', 'plan', 'infrastructure']
