-- From Ready alone. A binding that is suspended, unfunded or without a credential is Ready and says so in its message:
-- in a sync with waves only Healthy and Degraded end the wait.
local health = { status = "Progressing", message = "Roster's controller has not looked at this yet" }
if obj.status == nil or obj.status.conditions == nil then
  return health
end
-- What is said of an older spec says nothing of this one.
if obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then
    health.message = condition.message
    if condition.status == "True" then
      health.status = "Healthy"
    elseif condition.status == "False" then
      health.status = "Degraded"
    end
  end
end
return health
