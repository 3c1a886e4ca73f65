from tests.scenarios.test_random_plans import check_plans
def test_many(sqlite_app): check_plans(60)
